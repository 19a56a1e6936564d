//! One datagram through the shard's RTCP reader, everything it says looked at.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkpath_edge::net::rtcp::{Item, ReportBlock, read};

/// Octets of the datagram that an item stands for, at least.
fn octets(item: &Item<'_>) -> usize {
    match item {
        Item::Sender { .. } => 28,
        Item::Receiver { .. } => 8,
        Item::Block { block, .. } => {
            look(block);
            24
        }
        Item::Name { cname, .. } => 2 + cname.len(),
        Item::Bye { .. } => 4,
    }
}

fn look(block: &ReportBlock<'_>) {
    assert!(block.cumulative_lost() < 1 << 24);
    let ticks = [
        block.ssrc(),
        block.extended_sequence_number(),
        block.interarrival_jitter(),
        block.last_sender_report_timestamp(),
        block.delay_since_last_sender_report_timestamp(),
    ];
    std::hint::black_box((ticks, block.fraction_lost()));
}

fuzz_target!(|datagram: &[u8]| {
    let (mut items, mut said) = (0, 0);
    let outcome = read(datagram, |item| {
        items += 1;
        said += octets(&item);
    });
    assert!(said <= datagram.len(), "more was said than was sent");
    assert!(
        outcome.is_ok() || items == 0,
        "a refused datagram says nothing"
    );
    let mut again = 0;
    assert_eq!(read(datagram, |_| again += 1), outcome);
    assert_eq!(again, items);
});
