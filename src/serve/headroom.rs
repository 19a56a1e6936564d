//! What `/headroom` answers: how many more of a kind the engine would take, and what ends it (D15).

use serde_json::{Value, json};
use talkpath_edge::http::HeadroomQuery;
use talkpath_engine::{CallConfig, Engine, LegConfig, NetworkConfig, Newcomer};
use talkpath_nodes::codec::Codec;

use crate::codec_name;

/// The engine's answer as JSON.
///
/// # Errors
/// What can be asked, or that the engine has stopped.
pub(super) fn answer(engine: &Engine, query: &HeadroomQuery) -> Result<Value, String> {
    let codec = |name: &Option<String>| name.as_deref().map(codec_name::parse).transpose();
    let from = codec(&query.codec)?.unwrap_or(Codec::Pcmu);
    let to = codec(&query.to)?;
    let side = |codec: Codec| NetworkConfig::new(codec, codec_name::payload_type(codec));
    let newcomer: Newcomer = match to {
        None => LegConfig::network(side(from)).into(),
        Some(to) => CallConfig::new(side(from), side(to)).into(),
    };
    let room = engine
        .headroom(newcomer)
        .map_err(|error| error.to_string())?;
    let workers = room
        .workers
        .iter()
        .map(|share| json!({ "worker": share.worker, "more": share.legs }));
    Ok(json!({
        "of": match to {
            None => format!("legs of {from}"),
            Some(to) => format!("calls from {from} to {to}"),
        },
        "more": room.legs,
        "workers": workers.collect::<Vec<_>>(),
        "price_us": room.price.as_secs_f64() * 1e6,
        "measured": room.measured,
        "limited_by": room.limited_by.to_string(),
    }))
}
