//! Percentile plots as inline SVG: time over a percentile axis that is logarithmic towards 100 %, as HdrHistogram plots are.

use std::fmt::Write;

use super::super::dist::Dist;
use super::curve::Curve;

/// The axis ends at this percentile, that of one in a hundred thousand.
const NINES: f64 = 5.0;
const TICKS: [(f64, &str); 6] = [
    (0.0, "0"),
    (1.0, "90 %"),
    (2.0, "99 %"),
    (3.0, "99.9 %"),
    (4.0, "99.99 %"),
    (5.0, "99.999 %"),
];
/// Steps of a curve.
const STEPS: usize = 200;
/// Size of the drawing, and of what is drawn in.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;

/// Classes of the lines, first to last.
const LINES: [&str; 3] = ["first", "second", "third"];

impl Curve {
    /// The plot.
    pub(super) fn svg(&self) -> String {
        let scale = if self.unit == "ms" { 1e6 } else { 1e3 };
        let values = |dist: &Dist| -> Vec<(f64, f64)> {
            (0..=STEPS)
                .map(|step| NINES * step as f64 / STEPS as f64)
                // Beyond one in as many as there are, there is nothing to tell.
                .take_while(|nines| 10f64.powf(*nines) <= dist.len().max(1) as f64 * 1.05)
                .map(|nines| (nines, dist.at(1.0 - 10f64.powf(-nines)) as f64 / scale))
                .collect()
        };
        let all: Vec<_> = self.series.iter().map(|(_, dist)| values(dist)).collect();
        let top = rounded_up(
            all.iter()
                .flatten()
                .map(|value| value.1)
                .fold(0.0, f64::max),
        );
        let x = |nines: f64| LEFT + nines / NINES * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
            self.name
        );
        let mut line = |text: std::fmt::Arguments<'_>| {
            // A string takes whatever is written.
            svg.write_fmt(text).unwrap_or_default();
        };
        for (nines, label) in TICKS {
            let at = x(nines);
            line(format_args!(
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>\n",
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 16.0
            ));
        }
        for quarter in 0..=4 {
            let value = top * f64::from(quarter) / 4.0;
            let at = y(value);
            line(format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{} {}</text>\n",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                short(value),
                self.unit
            ));
        }
        for (n, ((name, _), values)) in self.series.iter().zip(&all).enumerate() {
            let class = LINES[n % LINES.len()];
            let points: Vec<String> = values
                .iter()
                .map(|(nines, value)| format!("{:.1},{:.1}", x(*nines), y(*value)))
                .collect();
            line(format_args!(
                "<polyline class=\"curve {class}\" points=\"{}\"/>\n",
                points.join(" ")
            ));
            if self.series.len() > 1 {
                let (at, down) = (LEFT + 8.0, TOP + 14.0 * (n + 1) as f64);
                line(format_args!(
                    "<line class=\"curve {class}\" x1=\"{at:.1}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/><text x=\"{:.1}\" y=\"{down:.1}\">{name}</text>\n",
                    at + 18.0,
                    down - 4.0,
                    down - 4.0,
                    at + 24.0
                ));
            }
        }
        line(format_args!("</svg>"));
        svg
    }
}

/// 1, 2 or 5 times a power of ten, at least `value`.
fn rounded_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let decade = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    steps
        .into_iter()
        .find(|step| *step >= value)
        .unwrap_or(10.0 * decade)
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_plot_ends_where_its_values_do() {
        let mut dist = Dist::new();
        for micros in 1..=1_000 {
            dist.record(Duration::from_micros(micros));
        }
        let few = {
            let mut few = Dist::new();
            few.record(Duration::from_micros(3));
            few
        };
        let beside = [("before", Some(&few)), ("bare loop", None)];
        let svg = Curve::new("t", "µs", &dist, beside).svg();
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(
            svg.contains(">before</text>") && !svg.contains("bare loop"),
            "{svg}"
        );
        let points = svg.split("points=\"").nth(1).unwrap();
        let points: Vec<_> = points.split('"').next().unwrap().split(' ').collect();
        // A thousand values are three of five nines.
        assert!((118..=124).contains(&points.len()), "{}", points.len());
        let heights: Vec<f64> = points
            .iter()
            .map(|point| point.split(',').nth(1).unwrap().parse().unwrap())
            .collect();
        assert!(
            heights.windows(2).all(|pair| pair[0] >= pair[1]),
            "it rises"
        );
        for label in ["99.999 %", "1000 µs", "90 %"] {
            assert!(svg.contains(label), "{label}: {svg}");
        }
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        let ends = [0.0, 0.3, 1.0, 17.0, 99.0, 501.0].map(rounded_up);
        assert_eq!(ends, [1.0, 0.5, 1.0, 20.0, 100.0, 1_000.0]);
        assert_eq!([0.125, 20.0, 0.5].map(short), ["0.12", "20", "0.5"]);
    }
}
