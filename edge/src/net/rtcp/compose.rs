//! Writing compounds: sender or receiver report, SDES with CNAME, BYE (RFC 3550 6.4–6.6).

use std::time::Duration;

use rtcp_types::prelude::*;
use rtcp_types::{
    Bye, CompoundBuilder, ReceiverReport, ReportBlock, RtcpWriteError, Sdes, SdesChunk, SdesItem,
    SenderReport,
};

use super::super::source::Reception;
use super::super::wall::{Wall, compact_span, ticks};
use super::reports::Reports;

impl Reports {
    /// Writes one compound into `out`, with BYE for `bye` if given; its length in octets.
    pub(super) fn write(
        &self,
        now: Duration,
        wall: &Wall,
        heard: Option<Reception>,
        bye: Option<u32>,
        out: &mut [u8],
    ) -> usize {
        let block = heard.map(|heard| {
            let (report, delay) = self.last_sr.map_or((0, 0), |(report, at)| {
                (report, compact_span(now.saturating_sub(at)))
            });
            ReportBlock::builder(heard.ssrc)
                .fraction_lost(heard.fraction_lost)
                .cumulative_lost(heard.cumulative_lost as u32 & 0xff_ffff)
                .extended_sequence_number(heard.highest)
                .interarrival_jitter(heard.jitter)
                .last_sender_report_timestamp(report)
                .delay_since_last_sender_report_timestamp(delay)
        });
        let compound = match self
            .newest
            .filter(|_| self.packets != self.packets_before[1])
        {
            Some((timestamp, at)) => {
                let since = ticks(now, self.rate).wrapping_sub(ticks(at, self.rate));
                let report = SenderReport::builder(self.ssrc)
                    .ntp_timestamp(wall.ntp(now))
                    .rtp_timestamp(timestamp.wrapping_add(since))
                    .packet_count(self.packets)
                    .octet_count(self.octets);
                CompoundBuilder::default()
                    .add_packet(block.into_iter().fold(report, |r, b| r.add_report_block(b)))
            }
            None => {
                let report = ReceiverReport::builder(self.ssrc);
                CompoundBuilder::default()
                    .add_packet(block.into_iter().fold(report, |r, b| r.add_report_block(b)))
            }
        };
        let name = SdesItem::builder(SdesItem::CNAME, &self.cname);
        let compound = compound
            .add_packet(Sdes::builder().add_chunk(SdesChunk::builder(self.ssrc).add_item(name)));
        let written: Result<usize, RtcpWriteError> = match bye {
            Some(ssrc) => compound
                .add_packet(Bye::builder().add_source(ssrc))
                .write_into(out),
            None => compound.write_into(out),
        };
        // Cannot fail: the name is at most 255 octets (checked at attach) and `out` holds MAX_COMPOUND.
        written.unwrap_or(0)
    }
}
