//! Tables whose keys are the user's own words: which class goes with what is claimed or dialled.

use std::collections::BTreeMap;

use talkpath_edge::priority::Precedence;
use talkpath_engine::Priority;
use toml::Value;

use super::Config;

/// A table of classes.
struct Open {
    /// Of the section `priority`.
    name: &'static str,
    /// A key it may have, as the documents show it.
    example: &'static str,
    allowed: &'static str,
    fits: fn(&str) -> bool,
    of: fn(&mut Precedence) -> &mut BTreeMap<String, Priority>,
}

const OPEN: &[Open] = &[
    Open {
        name: "namespaces",
        example: "esnet",
        allowed: "a class for NAMESPACE or NAMESPACE.VALUE: \"emergency\", \"critical\", \"high\", \"normal\", \"low\" or \
                  \"background\", or \"off\"",
        fits: |name| name.split('.').all(is_token) && name.split('.').count() <= 2,
        of: |precedence| &mut precedence.namespaces,
    },
    Open {
        name: "header",
        example: "urgent",
        allowed: "a class for a value of Priority, such as \"high\", or \"off\"",
        fits: is_token,
        of: |precedence| &mut precedence.header,
    },
    Open {
        name: "dialled",
        example: "room-music",
        allowed: "a class for a user that is dialled, or the beginning of one and *, such as \"low\", or \"off\"",
        fits: |user| !user.strip_suffix('*').unwrap_or(user).contains('*'),
        of: |precedence| &mut precedence.dialled,
    },
];

/// A token of RFC 4412 and RFC 3261 in lower case; what is compared with it is.
fn is_token(word: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-!%*_+`'~".contains(&byte)
    };
    !word.is_empty() && word.bytes().all(plain)
}

/// Sets a key of one of these tables: whether its value could be taken, and what is allowed. `None` if it is in none.
pub(super) fn apply(
    config: &mut Config,
    section: &str,
    name: &str,
    value: &Value,
) -> Option<(Option<()>, &'static str)> {
    let (table, key) = name.split_once('.').filter(|_| section == "priority")?;
    let open = OPEN.iter().find(|open| open.name == table)?;
    Some((
        set((open.of)(&mut config.priority), open, key, value),
        open.allowed,
    ))
}

fn set(
    table: &mut BTreeMap<String, Priority>,
    open: &Open,
    key: &str,
    value: &Value,
) -> Option<()> {
    let text = value.as_str().filter(|_| (open.fits)(key))?;
    if text == "off" {
        table.remove(key);
    } else {
        table.insert(key.to_owned(), text.parse().ok()?);
    }
    Some(())
}

/// One key of each with what it allows.
pub(super) fn documented() -> impl Iterator<Item = (String, &'static str)> {
    let key = |open: &Open| format!("priority.{}.{}", open.name, open.example);
    OPEN.iter().map(move |open| (key(open), open.allowed))
}
