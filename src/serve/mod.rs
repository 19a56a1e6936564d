//! `talkpath serve`: starts everything in order, says what to dial, and stops in reverse order.
//!
//! ```text
//! http bound → address of media tried → engine (worker pinned, all others off its core) → net (shard) → sip → ready
//! Ctrl-C, SIGTERM → sip drains (BYE to all) → http → net → engine → exit 0
//! a media thread is gone, seen within a second → the same → exit 1
//! ```

mod error;
mod feed;
mod greeting;
mod headroom;
mod health;
mod level;
mod log;
mod metrics;
mod place;
mod settings;
mod source;
mod watch;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use talkpath_edge::http::HttpServer;
use talkpath_edge::net::Net;
use talkpath_edge::sip::SipServer;
use talkpath_engine::Engine;
use talkpath_rt::numa::{self, Topology};
use talkpath_rt::thread;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
pub use error::ServeError;
pub use metrics::metrics;
use place::Places;
use source::Running;

/// Threads of the control runtime: SIP and HTTP. Media never waits for them.
const CONTROL_THREADS: usize = 2;

/// How long phones may take to answer their BYE at the end.
const PATIENCE: Duration = Duration::from_secs(4);

/// Serves until Ctrl-C or SIGTERM, or until a thread that media needs is gone, then drains.
///
/// # Errors
/// [`ServeError`] in words that name the address, port or file concerned.
pub fn run(config: &Config) -> Result<(), ServeError> {
    log::to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("talkpath-async")
        .enable_all()
        .build()
        .map_err(|source| ServeError::System {
            what: "async runtime",
            source,
        })?;
    runtime.block_on(serve(config))
}

async fn serve(config: &Config) -> Result<(), ServeError> {
    let stop = stop_requested()?;
    let http = HttpServer::bind(config.http.addr)?;
    let running = Arc::new(start(config).await?);
    let (stop_http, http_stopped) = tokio::sync::oneshot::channel::<()>();
    let page = http.local_addr();
    let serving = tokio::spawn(http.run(running.clone(), async {
        // The sender is only ever dropped: an error is the signal.
        http_stopped.await.unwrap_or(());
    }));
    for warning in &running.warnings {
        eprintln!("talkpath: warning: {warning}");
    }
    let place = place::described(running.engine.workers(), &running.topology);
    say(&greeting::greeting(
        config,
        running.sip.local_addr(),
        page,
        &place,
        running.net.capacity(),
    ));
    let levelling = tokio::spawn(level::keep(running.engine.clone(), config.engine.rebalance));
    let fault = tokio::select! {
        () = stop => None,
        fault = watch::first_fault(|| running.lasting_fault()) => Some(fault),
    };
    levelling.abort();
    if let Some(what) = fault {
        eprintln!("talkpath: fault: {what}; there is no media, all calls are ended");
    }
    let calls = running.sip.status().calls.len();
    let noun = if calls == 1 { "call" } else { "calls" };
    say(&format!("\nstopping: BYE to {calls} {noun}\n"));
    if !running.sip.drain(PATIENCE).await {
        eprintln!("talkpath: warning: some phones did not answer their BYE");
    }
    drop(stop_http);
    serving.await.map_err(|source| ServeError::System {
        what: "http",
        source: source.into(),
    })??;
    // Both wait for threads, which an async thread must not.
    let ended = tokio::task::spawn_blocking(move || {
        running.net.shutdown();
        running.engine.shutdown();
    });
    ended.await.map_err(|source| ServeError::System {
        what: "shutdown",
        source: source.into(),
    })?;
    say("stopped\n");
    fault.map_or(Ok(()), |what| Err(ServeError::Died { what }))
}

/// Engine, network and SIP, and every thread in its place.
async fn start(config: &Config) -> Result<Running, ServeError> {
    // One that makes no sense is one node; the engine warns of it.
    let topology = Topology::read(numa::ROOT.as_ref()).unwrap_or_default();
    let places = Places::new(&config.engine, &thread::allowed_cores(), &topology);
    let media = settings::net(config, &places);
    // Before the engine takes its memory and a core.
    media.probe().map_err(|why| error::net(why, config))?;
    let wanted = settings::engine(config, &places);
    let engine = match settings::record(config)? {
        Some(to) => Engine::start_recorded(wanted, to)?,
        None => Engine::start(wanted)?,
    };
    let workers = engine.workers().iter();
    let mut warnings: Vec<_> = workers.flat_map(|worker| worker.warnings.clone()).collect();
    // Before anything else starts: what starts later inherits its place.
    warnings.extend(place::confine(&places));
    let link = engine.take_shard_link().ok_or(ServeError::System {
        what: "engine",
        source: std::io::Error::other("its packet rings are taken"),
    })?;
    let net = Net::start(media, link).map_err(|why| error::net(why, config))?;
    let sip = SipServer::start(settings::sip(config), engine.clone(), net.clone()).await?;
    warnings.extend(net.warnings());
    warnings.extend(settings::too_few_ports(config));
    warnings.extend(settings::open_to_others(config));
    warnings.extend(settings::advertised_in_vain(config));
    Ok(Running {
        engine,
        net,
        sip,
        warnings,
        topology,
        pulse: Mutex::default(),
    })
}

/// Completes with the first Ctrl-C or SIGTERM; listens from now on.
fn stop_requested() -> Result<impl Future<Output = ()>, ServeError> {
    let listen = |kind| {
        signal(kind).map_err(|source| ServeError::System {
            what: "signals",
            source,
        })
    };
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Prints at once, also into a pipe. A reader that is gone is no reason to stop serving.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .ok();
}
