//! The compound, octet for octet as the builders of `rtcp-types` make it.

use proptest::prelude::*;
use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, CompoundBuilder, ReceiverReport, ReportBlock, Sdes, SdesChunk, SdesItem, SenderReport,
};

use super::super::MAX_COMPOUND;
use super::*;

const NOW: Duration = Duration::from_secs(1_000);

fn wall() -> Wall {
    Wall::new(Duration::from_secs(1_700_000_000), NOW)
}

fn built(of: &Reports, heard: Option<Reception>, bye: Option<u32>) -> Vec<u8> {
    let block = heard.map(|heard| {
        let (report, delay) = of.last_sr.map_or((0, 0), |(report, at)| {
            (report, compact_span(NOW.saturating_sub(at)))
        });
        ReportBlock::builder(heard.ssrc)
            .fraction_lost(heard.fraction_lost)
            .cumulative_lost(heard.cumulative_lost as u32 & 0xff_ffff)
            .extended_sequence_number(heard.highest)
            .interarrival_jitter(heard.jitter)
            .last_sender_report_timestamp(report)
            .delay_since_last_sender_report_timestamp(delay)
    });
    let mut compound = CompoundBuilder::default();
    match of.newest.filter(|_| of.packets != of.packets_before[1]) {
        Some((timestamp, at)) => {
            let since = ticks(NOW, of.rate).wrapping_sub(ticks(at, of.rate));
            let report = SenderReport::builder(of.ssrc)
                .ntp_timestamp(wall().ntp(NOW))
                .rtp_timestamp(timestamp.wrapping_add(since))
                .packet_count(of.packets)
                .octet_count(of.octets);
            compound =
                compound.add_packet(block.into_iter().fold(report, |r, b| r.add_report_block(b)));
        }
        None => {
            let report = ReceiverReport::builder(of.ssrc);
            compound =
                compound.add_packet(block.into_iter().fold(report, |r, b| r.add_report_block(b)));
        }
    }
    let name = SdesItem::builder(SdesItem::CNAME, &of.cname);
    compound =
        compound.add_packet(Sdes::builder().add_chunk(SdesChunk::builder(of.ssrc).add_item(name)));
    if let Some(ssrc) = bye {
        compound = compound.add_packet(Bye::builder().add_source(ssrc));
    }
    let mut out = vec![0; MAX_COMPOUND];
    let length = compound.write_into(&mut out).unwrap();
    out.truncate(length);
    out
}

proptest! {
    #[test]
    fn it_is_what_the_builders_make(
        ssrc in any::<u32>(),
        name in "[a-zé@]{1,120}",
        packets in 0u32..3,
        octets in any::<u32>(),
        newest in proptest::option::of((any::<u32>(), 0u64..10_000)),
        last_sr in proptest::option::of((any::<u32>(), 0u64..10_000)),
        heard in proptest::option::of((
            any::<u32>(), any::<u8>(), -0x80_0000..0x7f_ffff, any::<u32>(), any::<u32>(),
        )),
        bye in any::<bool>(),
    ) {
        let before = |at| NOW - Duration::from_millis(at);
        let mut reports = Reports::new(ssrc, name, 8000, Duration::from_secs(5), NOW, 7);
        (reports.packets, reports.octets) = (packets, octets);
        reports.packets_before = [1, 1];
        reports.newest = newest.map(|(timestamp, at)| (timestamp, before(at)));
        reports.last_sr = last_sr.map(|(report, at)| (report, before(at)));
        let heard = heard.map(|(ssrc, fraction_lost, cumulative_lost, highest, jitter)| Reception {
            ssrc, fraction_lost, cumulative_lost, highest, jitter,
        });
        let bye = bye.then_some(ssrc);
        let mut out = [0xaa; MAX_COMPOUND];
        let length = reports.write(NOW, &wall(), heard, bye, &mut out);
        prop_assert_eq!(&out[..length], &built(&reports, heard, bye)[..]);
        let short = reports.write(NOW, &wall(), heard, bye, &mut out[..length - 1]);
        prop_assert_eq!(short, 0, "never half of one");
    }
}

#[test]
fn the_longest_name_fits() {
    let name = "x".repeat(255);
    let reports = Reports::new(7, name, 8000, Duration::from_secs(5), NOW, 7);
    let mut out = [0; MAX_COMPOUND];
    let length = reports.write(NOW, &wall(), None, Some(7), &mut out);
    assert_eq!(out[..length], built(&reports, None, Some(7)));
}
