//! Plans in human-readable form: a table and a Graphviz graph.
//!
//! Control side only; `/plans` and `talkpath plan` print these.

use std::collections::HashMap;
use std::time::Duration;

use crate::graph::Edge;
use crate::plan::{Plan, PlaneRef};
use crate::shape::NodeSpec;
use crate::signal::{Class, Port};

const HEAD: [&str; 7] = ["op", "kind", "in", "out", "format", "latency", "cost"];

impl<S: NodeSpec> Plan<S> {
    /// The plan as a table: one line of totals, a line of headings, one line for each op.
    ///
    /// `in` and `out` list `port=plane`; an output that takes over its input's plane is marked `*`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut rows = vec![HEAD.map(str::to_owned)];
        rows.extend(self.ops.iter().map(|op| {
            let shape = op.spec.shape();
            let star = if op.runs_in_place() { "*" } else { "" };
            [
                op.name.clone(),
                shape.kind.to_owned(),
                planes(&shape.inputs, &op.inputs, ""),
                planes(&shape.outputs, &op.outputs, star),
                format(&shape.inputs, &shape.outputs),
                span(shape.latency),
                span(shape.cost_hint),
            ]
        }));
        let mut text = format!("{}\n", self.totals());
        align(&rows, &mut text);
        text
    }

    /// The plan as a Graphviz digraph named `plan`; edges are labelled with signal and plane.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box];\n");
        let mut line = |text: String| dot.push_str(&text);
        line(format!("  label={};\n", quoted(&self.totals())));
        for (n, op) in self.ops.iter().enumerate() {
            let shape = op.spec.shape();
            let label = if op.name == shape.kind {
                op.name.clone()
            } else {
                format!("{}\n{}", op.name, shape.kind)
            };
            line(format!("  op{n} [label={}];\n", quoted(&label)));
        }
        for edge in self.edges() {
            let signal = self.ops[edge.from].spec.shape().outputs[edge.from_port].signal;
            let plane = self.ops[edge.to].inputs[edge.to_port];
            let label = format!("{signal}\n{plane}");
            line(format!(
                "  op{} -> op{} [label={}];\n",
                edge.from,
                edge.to,
                quoted(&label)
            ));
        }
        dot.push_str("}\n");
        dot
    }

    /// The connections the plan realises, as indices into `ops`: for every input, the op that wrote its plane last.
    #[must_use]
    pub fn edges(&self) -> Vec<Edge> {
        let mut written: HashMap<PlaneRef, (usize, usize)> = HashMap::new();
        let mut edges = Vec::new();
        for (to, op) in self.ops.iter().enumerate() {
            for (to_port, plane) in op.inputs.iter().enumerate() {
                if let Some(&(from, from_port)) = written.get(plane) {
                    edges.push(Edge {
                        from,
                        from_port,
                        to,
                        to_port,
                    });
                }
            }
            written.extend(
                op.outputs
                    .iter()
                    .enumerate()
                    .map(|(port, &plane)| (plane, (to, port))),
            );
        }
        edges
    }

    fn totals(&self) -> String {
        let mut text = format!("{} ops, planes", self.ops.len());
        for class in Class::ALL {
            text.push_str(&format!(" {class} {}", self.planes(class)));
        }
        text.push_str(&format!(
            ", latency {}, cost {}",
            span(self.latency),
            span(self.cost_hint)
        ));
        if self.is_relay() {
            text.push_str(", relay: never decodes");
        }
        text
    }
}

/// `in=pcm0 side=pcm1`
fn planes(ports: &[Port], planes: &[PlaneRef], mark: &str) -> String {
    let each: Vec<_> = ports
        .iter()
        .zip(planes)
        .map(|(port, plane)| format!("{}={plane}{mark}", port.name))
        .collect();
    each.join(" ")
}

/// What the op works on: its one signal, or `in → out` where the sides differ.
fn format(inputs: &[Port], outputs: &[Port]) -> String {
    let (inputs, outputs) = (signals(inputs), signals(outputs));
    match (inputs.is_empty(), outputs.is_empty()) {
        (_, true) => inputs,
        (true, _) => outputs,
        _ if inputs == outputs => inputs,
        _ => format!("{inputs} → {outputs}"),
    }
}

/// The distinct signals of one side, in order.
fn signals(ports: &[Port]) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for port in ports {
        let signal = port.signal.to_string();
        if !distinct.contains(&signal) {
            distinct.push(signal);
        }
    }
    distinct.join(", ")
}

/// `0`, `350 ns`, `1.5 µs`, `0.5 ms`, `20 ms`
fn span(span: Duration) -> String {
    match span.as_nanos() {
        0 => "0".to_owned(),
        ns @ 1..1_000 => format!("{ns} ns"),
        ns @ 1_000..100_000 => format!("{} µs", ns as f64 / 1e3),
        ns => format!("{} ms", ns as f64 / 1e6),
    }
}

/// Left-aligned columns two spaces apart, widths counted in characters.
fn align(rows: &[[String; HEAD.len()]], text: &mut String) {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; HEAD.len()] = std::array::from_fn(width);
    for row in rows {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// A Graphviz string.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}
