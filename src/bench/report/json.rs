//! Numbers as they are told in JSON.

use serde_json::Value;

/// Every fraction in `value` to four decimals: a tenth of a nanosecond for the percentiles in microseconds.
pub(super) fn rounded(mut value: Value) -> Value {
    round(&mut value);
    value
}

fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().map(|exact| (exact * 1e4).round() / 1e4);
            *value = rounded.into();
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn fractions_are_rounded_wherever_they_stand() {
        let value =
            json!({ "a": 0.204_123_456, "b": [12.345_678_9, 7], "c": { "d": 1.0, "e": null } });
        assert_eq!(
            super::rounded(value),
            json!({ "a": 0.2041, "b": [12.3457, 7], "c": { "d": 1.0, "e": null } })
        );
    }
}
