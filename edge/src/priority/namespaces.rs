//! Registered namespaces of `Resource-Priority`, with their values and what we make of them (RFC 4412, section 10;
//! RFC 7135, section 2).
//!
//! In `dsn`, `drsn` and `q735` a higher call preempts lower ones, so their best values are emergency calls here, which
//! displace. In `ets` and `wps` it waits for less, so they get what is reserved and displace nobody.

use talkpath_engine::Priority;

/// Namespaces with all their values.
const REGISTERED: &[(&str, &[&str])] = &[
    (
        "dsn",
        &[
            "flash-override",
            "flash",
            "immediate",
            "priority",
            "routine",
        ],
    ),
    (
        "drsn",
        &[
            "flash-override-override",
            "flash-override",
            "flash",
            "immediate",
            "priority",
            "routine",
        ],
    ),
    ("q735", DIGITS),
    ("ets", DIGITS),
    ("wps", DIGITS),
    ("esnet", DIGITS),
];

const DIGITS: &[&str] = &["0", "1", "2", "3", "4"];

/// What a resource value is worth unless the settings say otherwise.
pub(super) const DEFAULTS: &[(&str, Priority)] = &[
    ("esnet", Priority::Emergency),
    ("ets", Priority::Critical),
    ("wps", Priority::Critical),
    ("q735", Priority::High),
    ("q735.0", Priority::Emergency),
    ("q735.1", Priority::Critical),
    ("q735.4", Priority::Normal),
    ("dsn", Priority::High),
    ("dsn.flash-override", Priority::Emergency),
    ("dsn.flash", Priority::Critical),
    ("dsn.routine", Priority::Normal),
    ("drsn", Priority::High),
    ("drsn.flash-override-override", Priority::Emergency),
    ("drsn.flash-override", Priority::Emergency),
    ("drsn.flash", Priority::Critical),
    ("drsn.routine", Priority::Normal),
];

fn registered(namespace: &str) -> Option<&'static [&'static str]> {
    let found = REGISTERED.iter().find(|(name, _)| *name == namespace);
    found.map(|(_, values)| *values)
}

/// Whether `value`, written with its namespace, is one of `namespace`. One that is not registered may have any.
pub(super) fn may_have(namespace: &str, value: &str) -> bool {
    let within = value
        .strip_prefix(namespace)
        .and_then(|rest| rest.strip_prefix('.'));
    let Some(within) = within.filter(|within| !within.is_empty()) else {
        return false;
    };
    registered(namespace).is_none_or(|values| values.contains(&within))
}

/// The resource values that `name`, `NAMESPACE` or `NAMESPACE.VALUE`, stands for.
pub(super) fn values(name: &str) -> Vec<String> {
    if name.contains('.') {
        return vec![name.to_owned()];
    }
    let all = registered(name).unwrap_or_default().iter();
    all.map(|value| format!("{name}.{value}")).collect()
}
