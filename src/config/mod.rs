//! Settings: defaults, then the file, then flags; each key checked before anything is bound.
//!
//! Control side, read once at start. The keys stand in one table (`keys`), through which both the file
//! and the flags go, so that a flag and a key can never allow different things.

mod error;
mod keys;
mod open;
mod sections;
mod value;

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use talkpath_edge::priority::Precedence;
use talkpath_engine::config::MOST_RESERVED;
use toml::{Table, Value};

pub use error::ConfigError;
pub use keys::documented;
pub use sections::{
    CallsSection, EngineSection, HttpSection, PlaySection, RecordSection, RtpSection, SipSection,
};
pub(crate) use value::list;

/// Everything `serve` can be told. The default works on a laptop without any file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// The real-time engine.
    pub engine: EngineSection,
    /// Who may claim which class.
    pub priority: Precedence,
    /// The SIP server.
    pub sip: SipSection,
    /// The media sockets.
    pub rtp: RtpSection,
    /// Status and metrics.
    pub http: HttpSection,
    /// Records of calls.
    pub calls: CallsSection,
    /// Files that callers can listen to.
    pub play: PlaySection,
    /// The session, written down.
    pub record: RecordSection,
}

/// The keys of a section, those of tables within it by their path: `reserves.emergency`.
fn flat(section: &Table) -> Vec<(String, &Value)> {
    let mut keys = Vec::new();
    for (name, value) in section {
        match value {
            Value::Table(table) => {
                let inner = flat(table).into_iter();
                keys.extend(inner.map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => keys.push((name.clone(), value)),
        }
    }
    keys
}

impl Config {
    /// The defaults with the file's keys over them; relative paths in it begin at its folder.
    ///
    /// # Errors
    /// A file that cannot be read or is not TOML, an unknown key, a value that is not allowed.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let shown = || path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: shown(),
            source,
        })?;
        // A message about a path names the whole of it.
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = whole.parent().unwrap_or(Path::new(""));
        Self::parse_in(folder, &text).map_err(|error| match error {
            ConfigError::Syntax { message, .. } => ConfigError::Syntax {
                path: shown(),
                message,
            },
            other => other,
        })
    }

    /// The defaults with the keys of a TOML text over them; relative paths stay relative.
    ///
    /// # Errors
    /// As [`load`](Self::load), the file apart.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::parse_in(Path::new(""), text)
    }

    fn parse_in(folder: &Path, text: &str) -> Result<Self, ConfigError> {
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| ConfigError::Syntax {
                path: "configuration".into(),
                message: error.to_string(),
            })?;
        let mut config = Self::default();
        for (section, content) in &table {
            let Value::Table(content) = content else {
                return Err(keys::unknown(section, None));
            };
            for (name, value) in flat(content) {
                keys::apply_in(&mut config, folder, section, &name, value)?;
            }
        }
        Ok(config)
    }

    /// Sets one key from the text of a command-line flag.
    ///
    /// # Errors
    /// [`ConfigError::Value`] that names the flag.
    pub fn set_flag(
        &mut self,
        flag: &'static str,
        key: &str,
        text: &str,
    ) -> Result<(), ConfigError> {
        keys::apply_flag(self, flag, key, text)
    }

    /// Checks what one key alone cannot tell. `allowed_cores` is the inherited affinity mask.
    ///
    /// # Errors
    /// [`ConfigError::Value`] that names the key to change.
    pub fn check(&self, allowed_cores: &[usize]) -> Result<(), ConfigError> {
        let engine = &self.engine;
        let refuse = |key: &str, was: String, allowed: String| {
            Err(ConfigError::Value {
                key: key.into(),
                was,
                allowed,
            })
        };
        if let Some(core) = engine
            .cores
            .iter()
            .find(|core| !allowed_cores.contains(core))
        {
            let allowed = format!(
                "cores this process may run on: {}",
                value::list(allowed_cores)
            );
            return refuse("engine.cores", core.to_string(), allowed);
        }
        if !engine.cores.is_empty() && engine.cores.len() != engine.workers {
            let allowed = format!("one core for each worker, so {}", engine.workers);
            return refuse("engine.cores", value::list(&engine.cores), allowed);
        }
        if engine.jitter_max < engine.jitter_target {
            let allowed = format!(
                "at least engine.jitter_target_ms, {}",
                engine.jitter_target.as_millis()
            );
            return refuse(
                "engine.jitter_max_ms",
                engine.jitter_max.as_millis().to_string(),
                allowed,
            );
        }
        // The sums of a mix are there before the next one: of the shortest frame, 10 ms.
        if engine.workers > 1 && engine.slot * engine.mesh_margin >= Duration::from_millis(10) {
            let allowed = "fewer slots than 10 ms have, with several workers".to_owned();
            return refuse(
                "engine.mesh_margin",
                engine.mesh_margin.to_string(),
                allowed,
            );
        }
        if engine.shed_below >= engine.shed_above {
            let allowed = format!("below engine.shed_above, {}", engine.shed_above);
            return refuse("engine.shed_below", engine.shed_below.to_string(), allowed);
        }
        let reserved: f32 = engine.reserves.iter().sum();
        if reserved > MOST_RESERVED {
            let allowed = format!("at most {MOST_RESERVED}, all classes together");
            return refuse("engine.reserves", reserved.to_string(), allowed);
        }
        if self.rtp_addr().is_ipv4() != self.sip.addr.is_ipv4() {
            let allowed = format!("the same IP version as sip.addr, {}", self.sip.addr);
            return refuse("rtp.addr", self.rtp_addr().to_string(), allowed);
        }
        self.check_advertised()
    }

    /// Nobody who reaches an IPv4 socket can use an IPv6 address, nor the other way round; the IPv6 wildcard serves both.
    fn check_advertised(&self) -> Result<(), ConfigError> {
        let sip = self.sip.advertised;
        let told = [
            ("sip.advertised", sip, "sip.addr", self.sip.addr.ip()),
            (
                "rtp.advertised",
                self.rtp_advertised(),
                "rtp.addr",
                self.rtp_addr(),
            ),
        ];
        for (key, advertised, bound_key, bound) in told {
            let both = bound.is_ipv6() && bound.is_unspecified();
            let Some(ip) = advertised.filter(|ip| !both && ip.is_ipv4() != bound.is_ipv4()) else {
                continue;
            };
            let version = if bound.is_ipv4() { "IPv4" } else { "IPv6" };
            return Err(ConfigError::Value {
                key: key.into(),
                was: ip.to_string(),
                allowed: format!("an {version} address, as {bound_key} is {bound}"),
            });
        }
        Ok(())
    }

    /// The address media is bound to.
    pub fn rtp_addr(&self) -> IpAddr {
        self.rtp.addr.unwrap_or(self.sip.addr.ip())
    }

    /// The address told in SDP where it differs from the bound one.
    pub fn rtp_advertised(&self) -> Option<IpAddr> {
        self.rtp.advertised.or(self.sip.advertised)
    }
}
