//! Readers of one value: `None` means "not allowed", and the key's table row says what is.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use toml::Value;

/// A whole number within `range`.
pub(super) fn whole<N: TryFrom<i64>>(value: &Value, range: RangeInclusive<i64>) -> Option<N> {
    let number = value.as_integer().filter(|n| range.contains(n))?;
    N::try_from(number).ok()
}

/// A whole number of milliseconds within `range`.
pub(super) fn millis(value: &Value, range: RangeInclusive<i64>) -> Option<Duration> {
    whole(value, range).map(Duration::from_millis)
}

/// A whole number of seconds within `range`.
pub(super) fn seconds(value: &Value, range: RangeInclusive<i64>) -> Option<Duration> {
    whole(value, range).map(Duration::from_secs)
}

/// A whole number within `range`, or `"off"`.
pub(super) fn whole_or_off(value: &Value, range: RangeInclusive<i64>) -> Option<Option<u8>> {
    if value.as_str() == Some("off") {
        return Some(None);
    }
    whole(value, range).map(Some)
}

/// A number within `range`, whole or not.
pub(super) fn fraction(value: &Value, range: RangeInclusive<f64>) -> Option<f32> {
    let number = value
        .as_float()
        .or_else(|| value.as_integer().map(|whole| whole as f64))?;
    range.contains(&number).then_some(number as f32)
}

/// A string that parses as `T`.
pub(super) fn parsed<T: FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

/// An address that somebody else can send to.
pub(super) fn reachable(value: &Value) -> Option<IpAddr> {
    parsed(value).filter(|ip: &IpAddr| !ip.is_unspecified())
}

/// A list of strings that all parse as `T`.
pub(super) fn parsed_list<T: FromStr>(value: &Value) -> Option<Vec<T>> {
    value.as_array()?.iter().map(parsed).collect()
}

/// Core numbers: `[0, 1]`, `"0,1"` or one number.
pub(super) fn cores(value: &Value) -> Option<Vec<usize>> {
    match value {
        Value::Array(items) => items.iter().map(|item| whole(item, 0..=1023)).collect(),
        Value::Integer(_) => whole(value, 0..=1023).map(|core| vec![core]),
        Value::String(text) => text
            .split(',')
            .map(|part| part.trim().parse().ok())
            .collect(),
        _ => None,
    }
}

/// UDP ports `"LO-HI"`, both within 1024..=65535, holding at least an even port and the next.
pub(super) fn ports(value: &Value) -> Option<RangeInclusive<u16>> {
    let (low, high) = value.as_str()?.split_once('-')?;
    let (low, high): (u16, u16) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    let pair = u32::from(low).next_multiple_of(2) + 1;
    (low >= 1024 && pair <= u32::from(high)).then_some(low..=high)
}

/// How a value looked in the file.
pub(super) fn shown(value: &Value) -> String {
    value.to_string()
}

/// Numbers with commas between them.
pub(crate) fn list(numbers: &[usize]) -> String {
    let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
    words.join(",")
}
