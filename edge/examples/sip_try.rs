//! Temporary.
use std::net::*;
use std::time::Duration;
use talkpath_edge::net::{Net, NetConfig};
use talkpath_edge::sip::{SipConfig, SipServer};
use talkpath_engine::{Engine, EngineConfig};
fn main() {
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(async {
        let engine = Engine::start(EngineConfig { priority: Some(50), ..EngineConfig::default() }).unwrap();
        let net = Net::start(NetConfig { ports: 21000..=24999, ..NetConfig::default() }, engine.take_shard_link().unwrap()).unwrap();
        let ring = std::env::var("RING").ok().and_then(|r| r.parse().ok()).unwrap_or(0);
        let sip = SipServer::start(SipConfig { bind: SocketAddr::from(([127, 0, 0, 1], 5961)), ring: Duration::from_millis(ring), ..SipConfig::default() }, engine, net.clone()).await.unwrap();
        println!("ready");
        let secs: u64 = std::env::var("SECS").ok().and_then(|r| r.parse().ok()).unwrap_or(60);
        tokio::time::sleep(Duration::from_secs(secs)).await;
        println!("drained {}", sip.drain(Duration::from_secs(3)).await);
        for (n, _, v) in sip.counters().iter().filter(|c| c.2 > 0) { println!("{n} {v}"); }
        println!("{:?}", net.status().counters);
    });
}
