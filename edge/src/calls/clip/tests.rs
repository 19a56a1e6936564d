use super::*;

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("talkpath-clips-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn write(path: &Path, channels: u16, rate: u32, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).expect("a file");
    for &sample in samples {
        writer.write_sample(sample).expect("room");
    }
    writer.finalize().expect("room");
}

#[test]
fn stereo_is_mixed_and_copies_are_shared() {
    let folder = folder("mix");
    write(&folder.join("two.wav"), 2, 16_000, &[16_384, 0].repeat(400));
    let clips = Clips::new(Some(folder.clone()));
    let clip = clips.load("two", SampleRate::HZ_16000).expect("there");
    assert_eq!(clip.len(), 400);
    assert!(clip.iter().all(|&sample| sample == 0.25));
    let again = clips.load("two.wav", SampleRate::HZ_16000).expect("there");
    assert!(Arc::ptr_eq(&clip, &again));
    let wide = clips.load("two", SampleRate::HZ_48000).expect("there");
    assert_eq!(wide.len(), 1_200);
    std::fs::remove_dir_all(folder).expect("ours");
}

#[test]
fn nothing_outside_the_folder_is_there() {
    let folder = folder("outside");
    let inner = folder.join("inner");
    std::fs::create_dir_all(&inner).expect("a folder");
    write(&folder.join("secret.wav"), 1, 8_000, &[1, 2, 3]);
    let clips = Clips::new(Some(inner.clone()));
    std::os::unix::fs::symlink(folder.join("secret.wav"), inner.join("link.wav")).expect("a link");
    for name in [
        "../secret.wav",
        "link.wav",
        "link",
        ".",
        "..",
        "",
        "nothing",
    ] {
        assert!(
            matches!(clips.find(name), Err(ClipError::NotFound { .. })),
            "{name:?}"
        );
    }
    assert!(matches!(
        Clips::new(None).find("x"),
        Err(ClipError::NoFolder)
    ));
    std::fs::remove_dir_all(folder).expect("ours");
}

#[test]
fn what_is_no_recording_is_said_to_be_none() {
    let folder = folder("bad");
    std::fs::write(folder.join("text.wav"), "hello").expect("room");
    std::fs::write(folder.join("short.wav"), "hi").expect("room");
    // G.711 µ-law in WAV: a header of 18 octets with format tag 7.
    let mut ulaw = b"RIFF\x2e\0\0\0WAVEfmt \x12\0\0\0\x07\0\x01\0".to_vec();
    ulaw.extend(8_000_u32.to_le_bytes().repeat(2));
    ulaw.extend(b"\x01\0\x08\0\0\0data\x08\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff");
    std::fs::write(folder.join("ulaw.wav"), ulaw).expect("room");
    let clips = Clips::new(Some(folder.clone()));
    for (name, why) in [
        ("text", "not a WAV file"),
        ("short", "not a whole WAV file"),
        ("ulaw", "neither PCM of 8, 16"),
    ] {
        let error = clips
            .load(name, SampleRate::HZ_8000)
            .expect_err("unreadable");
        assert!(matches!(error, ClipError::Unreadable { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    }
    std::fs::remove_dir_all(folder).expect("ours");
}
