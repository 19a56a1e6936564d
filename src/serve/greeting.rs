//! What `serve` prints once it is ready: exactly what to dial.

use std::net::{IpAddr, SocketAddr};

use crate::config::Config;

/// The lines printed at the start.
///
/// `capacity` is what there is, which may be less than was configured.
pub(super) fn greeting(
    config: &Config,
    sip: SocketAddr,
    http: SocketAddr,
    place: &str,
    capacity: usize,
) -> String {
    let host = host(config.sip.advertised, sip);
    let play = config.play.folder.as_ref().map_or(String::new(), |folder| {
        format!(
            "  sip:play-FILE@{host}     FILE.wav from {}\n",
            folder.display()
        )
    });
    let (ports, media) = (&config.rtp.ports, config.rtp_addr());
    let record = config.record.file.as_ref().map_or(String::new(), |file| {
        let (file, max_mb) = (file.display(), config.record.max_mb);
        format!("record  {file}, {max_mb} MB at most; run it again with: talkpath replay {file}\n")
    });
    let told = config
        .rtp_advertised()
        .map_or(String::new(), |ip| format!(", advertised as {ip}"));
    format!(
        "talkpath {version} is ready; Ctrl-C stops it.\n\n\
         dial, over UDP or TCP:\n\
         \x20 sip:room-lobby@{host}    a room; any other name makes another room\n\
         \x20 sip:echo@{host}          yourself\n\
         \x20 sip:tone-440@{host}      a tone of 440 Hz\n\
         {play}\n\
         media   {media}, UDP {low}-{high}{told}\n\
         worker  {place}, slots of {slot} µs, up to {capacity} legs\n\
         {record}\
         status  http://{http}/\n",
        version = env!("CARGO_PKG_VERSION"),
        low = ports.start(),
        high = ports.end(),
        slot = config.engine.slot.as_micros(),
    )
}

/// What stands behind the `@`: the advertised address or the bound one; a port only where it is not 5060.
fn host(advertised: Option<IpAddr>, sip: SocketAddr) -> String {
    const SIP_PORT: u16 = 5060;
    let ip = match advertised.unwrap_or(sip.ip()) {
        any if any.is_unspecified() => {
            return with_port("THIS-MACHINE".into(), sip.port(), SIP_PORT);
        }
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    with_port(ip, sip.port(), SIP_PORT)
}

fn with_port(host: String, port: u16, usual: u16) -> String {
    if port == usual {
        host
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_a_phone_must_dial() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(host(None, at("127.0.0.1:5060")), "127.0.0.1");
        assert_eq!(host(None, at("[::1]:5070")), "[::1]:5070");
        assert_eq!(host(None, at("0.0.0.0:5060")), "THIS-MACHINE");
        assert_eq!(
            host("203.0.113.7".parse().ok(), at("0.0.0.0:5080")),
            "203.0.113.7:5080"
        );
    }
}
