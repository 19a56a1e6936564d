//! OpenMetrics text from a list of plain numbers.
//!
//! Control side only. `prometheus-client` encodes; its own counter and histogram types are not
//! used, since the numbers already exist in the engine and are read once per scrape.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::StatusSource;

/// How a metric behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows; `_total` is appended to its name.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// One value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Label names and values; empty for a metric of one value.
    pub labels: Vec<(&'static str, String)>,
    /// The value, in the unit the metric's name ends with.
    pub value: f64,
}

/// One metric family.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Name without prefix and without `_total`, ending in its unit where it has one.
    pub name: String,
    /// One sentence of help.
    pub help: &'static str,
    /// Counter or gauge.
    pub kind: MetricKind,
    /// The values; a family without values is left out.
    pub samples: Vec<Sample>,
}

impl Metric {
    /// A counter of one value.
    pub fn counter(name: impl Into<String>, help: &'static str, value: f64) -> Self {
        Self::family(name, help, MetricKind::Counter).with(Vec::new(), value)
    }

    /// A gauge of one value.
    pub fn gauge(name: impl Into<String>, help: &'static str, value: f64) -> Self {
        Self::family(name, help, MetricKind::Gauge).with(Vec::new(), value)
    }

    /// A family without values yet; add them with [`with`](Self::with).
    pub fn family(name: impl Into<String>, help: &'static str, kind: MetricKind) -> Self {
        Self {
            name: name.into(),
            help,
            kind,
            samples: Vec::new(),
        }
    }

    /// Adds one labelled value.
    #[must_use]
    pub fn with(mut self, labels: Vec<(&'static str, String)>, value: f64) -> Self {
        self.samples.push(Sample { labels, value });
        self
    }
}

/// Reads the source anew on each scrape.
struct Scrape(Arc<dyn StatusSource>);

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for metric in self.0.metrics() {
            if !metric.samples.is_empty() {
                encode_family(&mut encoder, &metric)?;
            }
        }
        Ok(())
    }
}

fn encode_family(encoder: &mut DescriptorEncoder<'_>, metric: &Metric) -> fmt::Result {
    let kind = match metric.kind {
        MetricKind::Counter => MetricType::Counter,
        MetricKind::Gauge => MetricType::Gauge,
    };
    let mut family = encoder.encode_descriptor(&metric.name, metric.help, None, kind)?;
    for sample in &metric.samples {
        if sample.labels.is_empty() {
            encode_value(&mut family, metric.kind, sample.value)?;
        } else {
            encode_value(
                &mut family.encode_family(&sample.labels)?,
                metric.kind,
                sample.value,
            )?;
        }
    }
    Ok(())
}

fn encode_value(encoder: &mut MetricEncoder<'_>, kind: MetricKind, value: f64) -> fmt::Result {
    match kind {
        MetricKind::Counter => encoder.encode_counter::<NoLabelSet, f64, f64>(&value, None),
        MetricKind::Gauge => encoder.encode_gauge(&value),
    }
}

/// The whole exposition, every name prefixed `talkpath_`.
///
/// # Errors
/// Only if writing to a `String` fails, which it does not.
pub(super) fn exposition(source: Arc<dyn StatusSource>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("talkpath");
    registry.register_collector(Box::new(Scrape(source)));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}
