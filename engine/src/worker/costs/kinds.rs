//! The kinds of nodes whose ops are timed.

use talkpath_nodes::spec::Spec;

/// Kinds of nodes in the order of [`kind_index`], as `/metrics` names them.
pub const KINDS: [&str; 15] = [
    "jitter",
    "decode",
    "conceal",
    "resample",
    "gain",
    "meter",
    "contribute",
    "mix_minus",
    "limit",
    "encode",
    "packetise",
    "tone",
    "clip",
    "ext",
    "fade",
];

/// Place of a kind in [`KINDS`]; none for those of point-to-point calls, whose turns are timed whole.
#[must_use]
pub fn kind_index(spec: &Spec) -> Option<usize> {
    Some(match spec {
        Spec::Jitter { .. } => 0,
        Spec::Decode { .. } => 1,
        Spec::Conceal { .. } => 2,
        Spec::Resample { .. } => 3,
        Spec::Gain { .. } => 4,
        Spec::Meter { .. } => 5,
        Spec::Contribute { .. } => 6,
        Spec::MixMinus { .. } => 7,
        Spec::Limit { .. } => 8,
        Spec::Encode { .. } => 9,
        Spec::Packetise { .. } => 10,
        Spec::Tone { .. } => 11,
        Spec::Clip { .. } => 12,
        Spec::Ext { .. } => 13,
        Spec::Fade { .. } => 14,
        Spec::Arrival { .. } | Spec::Payload { .. } | Spec::Relay { .. } => return None,
    })
}
