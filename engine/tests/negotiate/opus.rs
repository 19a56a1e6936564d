//! Parameters of Opus: RFC 7587.

use std::time::Duration;

use proptest::prelude::*;
use talkpath_engine::negotiate::OfferedCodec;
use talkpath_engine::negotiate::opus::{OpusFault, OpusParameters, OpusSending};

use super::format;

fn read(text: &str) -> Result<OpusParameters, OpusFault> {
    text.parse()
}

fn good(text: &str) -> OpusParameters {
    read(text).expect("good parameters")
}

#[test]
fn nothing_said_is_the_defaults_and_they_are_not_said() {
    let default = OpusParameters::default();
    assert_eq!(good(""), default);
    assert_eq!(
        (default.max_playback_rate, default.max_capture_rate),
        (48_000, 48_000)
    );
    assert_eq!(default.min_ptime, Duration::from_millis(3));
    assert_eq!((default.fmtp(), default.average_bitrate()), (None, 64_000));
}

/// The second example of RFC 7587, section 7, with every parameter there is.
#[test]
fn every_parameter_is_read_and_written() {
    let text = "minptime=10; MaxPlaybackRate=16000; sprop-maxcapturerate=16000 ;maxaveragebitrate=20000;\
                stereo=1; sprop-stereo=1; cbr=1; useinbandfec=1; usedtx=1; x-strange=yes; y;;";
    let all = OpusParameters {
        max_playback_rate: 16_000,
        max_capture_rate: 16_000,
        max_average_bitrate: Some(20_000),
        stereo: true,
        sends_stereo: true,
        cbr: true,
        inband_fec: true,
        dtx: true,
        min_ptime: Duration::from_millis(10),
    };
    assert_eq!(good(text), all);
    let written = "minptime=10;maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=20000;\
                   stereo=1;sprop-stereo=1;cbr=1;useinbandfec=1;usedtx=1";
    assert_eq!(all.fmtp().as_deref(), Some(written));
    assert_eq!(
        good("useinbandfec=1;usedtx=0").to_string(),
        "useinbandfec=1"
    );
}

#[test]
fn absurd_numbers_are_clamped_or_ignored() {
    let rates = |text| (good(text).max_playback_rate, good(text).max_capture_rate);
    assert_eq!(
        rates("maxplaybackrate=0;sprop-maxcapturerate=96000"),
        (8_000, 48_000)
    );
    assert_eq!(
        rates("maxplaybackrate=99999999999999999999999;sprop-maxcapturerate=7999"),
        (48_000, 8_000)
    );
    assert_eq!(rates("maxplaybackrate=11025"), (11_025, 48_000));
    let bitrate = |value: &str| good(&format!("maxaveragebitrate={value}")).max_average_bitrate;
    assert_eq!(
        ["5999", "0", "510001", "4294967296"].map(bitrate),
        [None; 4],
        "section 6.1: ignored"
    );
    assert_eq!(
        ["6000", "510000"].map(bitrate),
        [Some(6_000), Some(510_000)]
    );
    let minptime = |value: &str| good(&format!("minptime={value}")).min_ptime.as_millis();
    assert_eq!(["0", "3", "60", "1000"].map(minptime), [3, 3, 60, 120]);
}

#[test]
fn what_means_nothing_is_an_error_that_says_so() {
    let told = |text: &str| read(text).expect_err("no good parameters").to_string();
    assert_eq!(
        told("maxplaybackrate=-1"),
        "maxplaybackrate is \"-1\", expected is a number"
    );
    assert_eq!(
        told("maxaveragebitrate"),
        "maxaveragebitrate is \"\", expected is a number"
    );
    assert_eq!(told("usedtx=yes"), "usedtx is \"yes\", expected is 0 or 1");
    assert_eq!(told("stereo=2"), "stereo is \"2\", expected is 0 or 1");
    assert_eq!(told("cbr=1;CBR=0"), "cbr is there twice");
    let long = told(&format!("minptime={}", "x".repeat(60_000)));
    assert!(long.len() < 100, "{long}");
}

/// Whatever the sample rate: 48,000 and two channels (section 7).
#[test]
fn opus_is_known_by_its_one_name() {
    let named = |name: &str, clock, channels, fmtp| {
        OpusParameters::of(&OfferedCodec {
            channels,
            ..format(111, name, clock, fmtp)
        })
    };
    let fec = named("opus", 48_000, 2, Some("useinbandfec=1")).expect("it is Opus");
    assert!(fec.expect("good").inband_fec);
    assert_eq!(
        named("OPUS", 48_000, 2, None),
        Some(Ok(OpusParameters::default()))
    );
    assert!(matches!(
        named("opus", 48_000, 2, Some("cbr=x")),
        Some(Err(_))
    ));
    assert_eq!(named("opus", 48_000, 1, None), None);
    assert_eq!(named("opus", 16_000, 2, None), None);
    assert_eq!(named("L16", 48_000, 2, None), None);
}

#[test]
fn what_is_sent_is_what_the_other_side_likes() {
    let like = OpusSending {
        max_rate: 48_000,
        bitrate: 40_000,
        stereo: true,
        cbr: false,
        inband_fec: true,
        dtx: true,
        ptime: Duration::from_millis(20),
    };
    let plain = like.fitted_to(&OpusParameters::default());
    let mono = OpusSending {
        stereo: false,
        inband_fec: false,
        dtx: false,
        ..like
    };
    assert_eq!(plain, mono, "nothing is sent that was not asked for");
    let small = like.fitted_to(&good(
        "maxplaybackrate=8000;stereo=1;cbr=1;useinbandfec=1;usedtx=1;minptime=31",
    ));
    let ptime = Duration::from_millis(40);
    assert_eq!(
        small,
        OpusSending {
            max_rate: 8_000,
            bitrate: 12_000,
            cbr: true,
            ptime,
            ..like
        }
    );
    let between = like.fitted_to(&good(
        "maxplaybackrate=16001;maxaveragebitrate=6000;minptime=120",
    ));
    assert_eq!((between.max_rate, between.bitrate), (24_000, 6_000));
    assert_eq!(
        between.ptime,
        Duration::from_millis(60),
        "the longest there is"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(
        rates in (8_000..=48_000_u32, 8_000..=48_000_u32), bitrate in prop::option::of(6_000..=510_000_u32),
        flags: [bool; 5], ms in 3..=120_u64,
    ) {
        let [stereo, sends_stereo, cbr, inband_fec, dtx] = flags;
        let parameters = OpusParameters {
            max_playback_rate: rates.0,
            max_capture_rate: rates.1,
            max_average_bitrate: bitrate,
            stereo, sends_stereo, cbr, inband_fec, dtx,
            min_ptime: Duration::from_millis(ms),
        };
        prop_assert_eq!(read(&parameters.to_string()), Ok(parameters));
    }

    #[test]
    fn anything_is_read_or_refused(text in "(([a-z-]{0,12}|minptime|stereo|maxaveragebitrate)=?[0-9]{0,12};? ?){0,6}") {
        if let Ok(parameters) = read(&text) {
            prop_assert!((8_000..=48_000).contains(&parameters.max_playback_rate));
            prop_assert!((6_000..=510_000).contains(&parameters.average_bitrate()));
            prop_assert_eq!(read(&parameters.to_string()), Ok(parameters));
        }
    }
}
