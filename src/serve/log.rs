//! The log on standard error: what is shown unless `RUST_LOG` says otherwise.

use std::io::IsTerminal;

use tracing_subscriber::filter::{EnvFilter, FilterExt, LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Shown without `RUST_LOG`.
const USUAL: &str = "warn,rsipstack=error,call=info";

/// Never shown below these levels unless `RUST_LOG` names the target: the SIP stack tells every message at info, and what
/// the engine was not granted at its start stands among the start's warnings already.
const QUIET: [(&str, LevelFilter); 2] = [
    ("rsipstack", LevelFilter::WARN),
    ("talkpath_engine::engine", LevelFilter::ERROR),
];

/// Logs to standard error from now on, in colour on a terminal only.
pub(super) fn to_stderr() {
    let asked = std::env::var("RUST_LOG").ok();
    let (filter, complaint) = filter(asked.as_deref());
    if let Some(complaint) = complaint {
        eprintln!("talkpath: warning: {complaint}");
    }
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_filter(filter.and(quiet(asked.as_deref())));
    // A second call in one process (tests) finds a subscriber there already, which will do.
    tracing_subscriber::registry().with(layer).try_init().ok();
}

/// What `RUST_LOG` asks for; the usual, with a complaint, where it cannot be read.
fn filter(asked: Option<&str>) -> (EnvFilter, Option<String>) {
    let usual = || EnvFilter::new(USUAL);
    match asked.map(str::trim).filter(|asked| !asked.is_empty()) {
        None => (usual(), None),
        Some(asked) => match EnvFilter::try_new(asked) {
            Ok(filter) => (filter, None),
            Err(why) => {
                let complaint =
                    format!("RUST_LOG was {asked:?}: {why}; the usual is logged, {USUAL:?}");
                (usual(), Some(complaint))
            }
        },
    }
}

/// Holds back what nobody named; only ever takes away.
fn quiet(asked: Option<&str>) -> Targets {
    let asked = asked.unwrap_or_default();
    let unnamed = QUIET
        .into_iter()
        .filter(|(target, _)| !asked.contains(target));
    Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_targets(unnamed)
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter as Level;

    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_said() {
        assert_eq!(filter(None).1, None);
        assert_eq!(filter(Some("")).1, None);
        assert_eq!(filter(Some("talkpath_edge=debug,info")).1, None);
        let complaint = filter(Some("talkpath=loud")).1.expect("not a level");
        assert!(complaint.contains("\"talkpath=loud\""), "{complaint}");
    }

    #[test]
    fn the_sip_stack_is_quiet_until_it_is_named() {
        let told = |asked, target, level: Level| {
            quiet(asked).would_enable(target, &level.into_level().expect("a level"))
        };
        let stack = "rsipstack::transaction::endpoint";
        assert!(!told(Some("info"), stack, Level::INFO));
        assert!(told(Some("info"), stack, Level::WARN));
        assert!(told(Some("info,rsipstack=debug"), stack, Level::DEBUG));
        assert!(told(Some("info"), "talkpath_edge::calls", Level::DEBUG));
        assert!(!told(None, "talkpath_engine::engine", Level::WARN));
        assert!(told(None, "talkpath_engine::engine", Level::ERROR));
    }
}
