//! Parameters of Opus: RFC 7587.

use std::time::Duration;

use proptest::prelude::*;
use talkpath_engine::negotiate::opus::{OpusFault, OpusParameters, OpusSending};
use talkpath_engine::negotiate::{AudioAnswer, Capabilities, Numbers, OfferedCodec, answer};
use talkpath_graph::FrameTime;
use talkpath_nodes::codec::{Codec, OpusRate};

use super::{format, offer};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

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

fn opus(payload_type: u8, fmtp: &str) -> OfferedCodec {
    OfferedCodec {
        payload_type,
        name: "opus".to_owned(),
        clock_rate: 48_000,
        channels: 2,
        fmtp: (!fmtp.is_empty()).then(|| fmtp.to_owned()),
    }
}

fn answered(fmtp: &str) -> AudioAnswer {
    let offered = offer(vec![opus(111, fmtp), OfferedCodec::of(Codec::Pcmu, 0)]);
    let answered = answer(&offered, &Capabilities::default(), FrameTime::Ms20).expect("Opus");
    assert!(answered.acceptable_to(&offered));
    answered
}

#[test]
fn an_offer_of_opus_is_answered_with_it_at_the_rate_its_side_makes_use_of() {
    let rates = [
        ("", OpusRate::Full),
        (
            "maxplaybackrate=16000;sprop-maxcapturerate=16000",
            OpusRate::Wide,
        ),
        (
            "maxplaybackrate=8000;sprop-maxcapturerate=8000",
            OpusRate::Narrow,
        ),
        ("maxplaybackrate=8000", OpusRate::Full),
    ];
    for (fmtp, rate) in rates {
        let answer = answered(fmtp);
        assert_eq!(answer.codec, Codec::Opus(rate), "{fmtp}");
        assert_eq!((answer.numbers, answer.ptime), (Numbers::same(111), ms(20)));
        let written = &answer.formats()[0];
        assert_eq!((written.channels, written.clock_rate), (2, 48_000));
        let fmtp = written.fmtp.as_deref().unwrap_or_default();
        assert!(
            fmtp.contains("useinbandfec=1") && fmtp.contains("minptime=10"),
            "{fmtp}"
        );
    }
}

#[test]
fn the_encoder_is_set_as_the_other_side_likes_it() {
    let plain = answered("").opus;
    assert_eq!(
        (plain.inband_fec, plain.dtx, plain.cbr),
        (false, false, false)
    );
    assert_eq!(plain.bitrate, Some(32_000));
    let all = answered("maxaveragebitrate=18000;cbr=1;useinbandfec=1;usedtx=1;stereo=1").opus;
    assert_eq!((all.inband_fec, all.dtx, all.cbr), (true, true, true));
    assert_eq!(all.bitrate, Some(18_000));
    assert!(all.expected_loss > 0, "or there would be no redundancy");
    assert_eq!(answered("minptime=40").ptime, ms(40));
    // 50 ms are no frame: the next there is.
    assert_eq!(answered("minptime=50").ptime, ms(60));
}

#[test]
fn parameters_that_cannot_be_read_are_told_where_there_is_no_other_codec() {
    let bad = || opus(111, "maxplaybackrate=fast");
    let alone = offer(vec![bad()]);
    let refusal = answer(&alone, &Capabilities::default(), FrameTime::Ms20).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "payload type 111, Opus: maxplaybackrate is \"fast\", expected is a number"
    );
    let other = offer(vec![bad(), OfferedCodec::of(Codec::Pcmu, 0)]);
    let answer = answer(&other, &Capabilities::default(), FrameTime::Ms20).expect("the other");
    assert_eq!(answer.codec, Codec::Pcmu);
}

#[test]
fn other_parameters_in_a_later_offer_need_another_plan() {
    let (before, now) = (answered(""), answered("usedtx=1"));
    let difference = now.since(&before);
    assert!(difference.opus.is_some() && difference.needs_plan());
    assert_eq!(difference.to_string(), "parameters of Opus");
    assert!(now.since(&answered("usedtx=1")).is_none());
}
