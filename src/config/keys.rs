//! The keys there are, and how one is set by its name.
//!
//! A new setting is one row of [`table`] and one field in [`Config`]; the file, the flags, the error texts and the
//! hint for a mistyped key follow.

use std::path::Path;

use toml::Value;

use super::value::shown;
use super::{Config, ConfigError, open};

use table::KEYS;

mod table;

/// Keys whose values are paths: relative ones begin at the folder of the file they stand in.
const PATHS: [&str; 3] = ["calls.log", "play.folder", "record.file"];

/// Sets `section.name` of a file in `folder`.
pub(super) fn apply_in(
    config: &mut Config,
    folder: &Path,
    section: &str,
    name: &str,
    value: &Value,
) -> Result<(), ConfigError> {
    match value.as_str() {
        Some(path) if PATHS.contains(&format!("{section}.{name}").as_str()) => {
            let whole = folder.join(path).display().to_string();
            apply(config, section, name, &Value::String(whole))
        }
        _ => apply(config, section, name, value),
    }
}

/// Sets `section.name`.
fn apply(config: &mut Config, section: &str, name: &str, value: &Value) -> Result<(), ConfigError> {
    let found = KEYS
        .iter()
        .find(|key| key.section == section && key.name == name);
    let (set, allowed) = match found {
        Some(key) => ((key.set)(config, value), key.allowed),
        None => {
            open::apply(config, section, name, value).ok_or_else(|| unknown(section, Some(name)))?
        }
    };
    set.ok_or_else(|| ConfigError::Value {
        key: format!("{section}.{name}"),
        was: shown(value),
        allowed: allowed.into(),
    })
}

/// Sets `dotted` from a flag's text: a number where it reads as one, else a string.
pub(super) fn apply_flag(
    config: &mut Config,
    flag: &'static str,
    dotted: &str,
    text: &str,
) -> Result<(), ConfigError> {
    let value = text
        .parse()
        .map_or_else(|_| Value::String(text.into()), Value::Integer);
    let (section, name) = dotted.split_once('.').unwrap_or((dotted, ""));
    apply(config, section, name, &value).map_err(|error| match error {
        ConfigError::Value { was, allowed, .. } => ConfigError::Value {
            key: flag.into(),
            was,
            allowed: allowed.replace('"', ""),
        },
        other => other,
    })
}

/// The error for a key or section that does not exist, with the nearest one that does.
pub(super) fn unknown(section: &str, name: Option<&str>) -> ConfigError {
    let written = name.map_or_else(|| section.to_owned(), |name| format!("{section}.{name}"));
    let nearest = documented()
        .map(|(key, _)| (distance(&key, &written), key))
        .min()
        .filter(|(distance, _)| *distance <= 4);
    let hint = nearest.map_or_else(
        || format!("sections are {}", sections().join(", ")),
        |(_, key)| format!("did you mean {key}?"),
    );
    ConfigError::Unknown { key: written, hint }
}

/// Every key as `section.name` with what it allows, in the order of the example file.
pub fn documented() -> impl Iterator<Item = (String, &'static str)> {
    let keys = KEYS
        .iter()
        .map(|key| (format!("{}.{}", key.section, key.name), key.allowed));
    keys.chain(open::documented())
}

fn sections() -> Vec<&'static str> {
    let mut names: Vec<_> = KEYS.iter().map(|key| key.section).collect();
    names.dedup();
    names
}

/// Edits (insert, remove, replace one character) from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replace = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
