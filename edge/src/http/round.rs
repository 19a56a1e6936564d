//! Fractions as people read them.

use serde_json::{Number, Value};

/// Digits kept after the point, as a factor: of seconds the microseconds, of microseconds more than is measured.
const KEPT: f64 = 1e6;

/// `value` with every fraction in it rounded to six digits: what was computed (0.1 + 0.2, or 0.3 in 32 bits) reads 0.3.
#[must_use]
pub fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(round(number)),
        Value::Array(all) => all.into_iter().map(rounded).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields.map(|(name, value)| (name, rounded(value))).collect()
        }
        other => other,
    }
}

fn round(number: Number) -> Number {
    let fraction = number.as_f64().filter(|_| number.is_f64());
    let round = fraction.map(|value| (value * KEPT).round() / KEPT);
    round.and_then(Number::from_f64).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fractions_are_rounded_wherever_they_are_and_nothing_else() {
        let odd = json!({ "a": [0.1 + 0.2, 0.3_f32], "b": { "c": 12.345_678_949 }, "d": [u64::MAX, "0.1234567", null, 1e300] });
        let text = r#"{"a":[0.3,0.3],"b":{"c":12.345679},"d":[18446744073709551615,"0.1234567",null,1e+300]}"#;
        assert_eq!(rounded(odd).to_string(), text);
    }
}
