//! The first block: what the engine was told at its start, and on what it ran.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::EngineConfig;

/// What a recording says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of talkpath.
    pub talkpath: String,
    /// Digest of the program's file: a replay is to the same bits with the same program.
    pub program: String,
    /// What of the processor decides which kernels run.
    pub processor: Vec<String>,
    /// The engine's settings.
    pub config: EngineConfig,
    /// Time of slot 0 on the clock of the session.
    pub base: Duration,
    /// When the supervisor began, on the same clock.
    pub started: Duration,
}

impl Header {
    /// Of a session that begins now, on this machine. Control side: reads the program's file.
    pub(crate) fn new(config: &EngineConfig, base: Duration, started: Duration) -> Self {
        Self {
            talkpath: env!("CARGO_PKG_VERSION").to_owned(),
            program: program(),
            processor: processor(),
            config: config.clone(),
            base,
            started,
        }
    }

    /// In what this program or machine differs from those the session ran on, in words.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let mut all = Vec::new();
        let version = env!("CARGO_PKG_VERSION");
        if self.talkpath != version {
            let recorded = &self.talkpath;
            all.push(format!(
                "recorded by talkpath {recorded}, this is {version}"
            ));
        } else if self.program != program() {
            all.push("recorded by another build of talkpath".to_owned());
        }
        let here = processor();
        if self.processor != here {
            let names = |list: &[String]| match list {
                [] => "none".to_owned(),
                list => list.join(" "),
            };
            let (there, here) = (names(&self.processor), names(&here));
            all.push(format!(
                "recorded on a processor with {there}, this one has {here}"
            ));
        }
        all
    }
}

/// FNV-1a of the program's file, in hexadecimal; empty where it cannot be read.
fn program() -> String {
    let file = std::env::current_exe().and_then(std::fs::read);
    let hash = |bytes: Vec<u8>| {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
    };
    file.map(hash).unwrap_or_default()
}

#[cfg(target_arch = "x86_64")]
fn processor() -> Vec<String> {
    let has = [
        ("sse4.1", std::arch::is_x86_feature_detected!("sse4.1")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    let names = has.iter().filter(|(_, has)| *has);
    names.map(|(name, _)| (*name).to_owned()).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn processor() -> Vec<String> {
    vec![std::env::consts::ARCH.to_owned()]
}
