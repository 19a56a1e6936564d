//! `talkpath serve`: starts everything in order, says what to dial, and stops in reverse order.
//!
//! ```text
//! http bound → engine (worker pinned, all others off its core) → net (shard) → sip → ready
//! Ctrl-C, SIGTERM → sip drains (BYE to all) → http → net → engine → exit 0
//! a media thread is gone, seen within a second → the same → exit 1
//! ```

mod greeting;
mod health;
mod metrics;
mod place;
mod settings;
mod source;
mod watch;

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use talkpath_edge::http::{HttpError, HttpServer};
use talkpath_edge::net::{Net, NetError};
use talkpath_edge::sip::{SipError, SipServer};
use talkpath_engine::{Engine, StartError};
use talkpath_rt::thread;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
pub use metrics::metrics;
use place::Places;
use source::Running;

/// Threads of the control runtime: SIP and HTTP. Media never waits for them.
const CONTROL_THREADS: usize = 2;

/// How long phones may take to answer their BYE at the end.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The status page cannot be served.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The engine did not start.
    #[error("engine: {0}")]
    Engine(#[from] StartError),
    /// The media sockets cannot be had.
    #[error("rtp: {0}")]
    Net(#[from] NetError),
    /// The SIP sockets cannot be had.
    #[error("sip: {0}")]
    Sip(#[from] SipError),
    /// A thread that media needs ended by itself; the calls were ended and everything stopped.
    #[error("{what}; this is a bug of talkpath: the log above says where, please report it")]
    Died {
        /// Which one.
        what: &'static str,
    },
    /// The system refused something basic.
    #[error("{what}: {source}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Serves until Ctrl-C or SIGTERM, or until a thread that media needs is gone, then drains.
///
/// # Errors
/// [`ServeError`] in words that name the address, port or file concerned.
pub fn run(config: &Config) -> Result<(), ServeError> {
    log_to_stderr();
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

fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,rsipstack=error,call=info"));
    // A second call in one process (tests) finds a subscriber there already, which will do.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init()
        .ok();
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
    let place = place::described(running.engine.workers());
    say(&greeting::greeting(
        config,
        running.sip.local_addr(),
        page,
        &place,
        running.net.capacity(),
    ));
    let fault = tokio::select! {
        () = stop => None,
        fault = watch::first_fault(|| running.fault()) => Some(fault),
    };
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
    let places = Places::new(&config.engine, &thread::allowed_cores());
    let engine = Engine::start(settings::engine(config, &places))?;
    let workers = engine.workers().iter();
    let mut warnings: Vec<_> = workers.flat_map(|worker| worker.warnings.clone()).collect();
    // Before anything else starts: what starts later inherits its place.
    warnings.extend(place::confine(&places));
    let link = engine.take_shard_link().ok_or(ServeError::System {
        what: "engine",
        source: std::io::Error::other("its packet rings are taken"),
    })?;
    let net = Net::start(settings::net(config, &places), link)?;
    let sip = SipServer::start(settings::sip(config), engine.clone(), net.clone()).await?;
    warnings.extend(net.warnings());
    warnings.extend(settings::too_few_ports(config));
    warnings.extend(settings::open_to_others(config));
    Ok(Running {
        engine,
        net,
        sip,
        warnings,
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
