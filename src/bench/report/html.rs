//! The report as one page that needs nothing else: no script, no font, no address.

use std::fmt::Write;

use super::super::dist::Quantiles;
use super::Report;
use super::figures::Figures;

const STYLE: &str = "\
body{font:14px/1.45 system-ui,sans-serif;margin:24px auto;max-width:1180px;padding:0 16px;color:#1d2733;background:#fff}\
h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;margin:28px 0 8px}p{margin:4px 0}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:3px 12px 3px 0;text-align:right;border-bottom:1px solid #e3e8ee}\
td:first-child,th:first-child{text-align:left}.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:20px}\
.columns{display:flex;flex-wrap:wrap;gap:0 48px}figure{margin:0}figcaption{font-weight:600;margin-bottom:4px}\
svg{width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:#5a6877}\
.grid{stroke:#e3e8ee}.curve{fill:none;stroke-width:2;stroke-linejoin:round}.first{stroke:#0b6bcb}.second{stroke:#e08a00}.third{stroke:#7b8794}\
.warning{background:#fff4e0;border-left:4px solid #e08a00;padding:6px 12px}\
@media(prefers-color-scheme:dark){body{color:#d8e0ea;background:#12171d}td,th{border-color:#2a333d}.grid{stroke:#2a333d}\
svg text{fill:#94a3b3}.first{stroke:#58a6ff}.warning{background:#3a2c10}}";

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let mut body = format!(
        "<h1>talkpath bench {}</h1>\n<p>{}</p>\n",
        escaped(report.scenario),
        escaped(&report.headline())
    );
    for warning in &report.warnings {
        add(
            &mut body,
            format_args!("<p class=\"warning\">{}</p>\n", escaped(warning)),
        );
    }
    for line in report.verdict.lines() {
        add(&mut body, format_args!("<p>{}</p>\n", escaped(&line)));
    }
    body.push_str("<h2>Percentiles</h2>\n<div class=\"plots\">\n");
    for curve in &report.curves {
        add(
            &mut body,
            format_args!(
                "<figure><figcaption>{}</figcaption>\n{}\n</figure>\n",
                escaped(curve.name),
                curve.svg()
            ),
        );
    }
    body.push_str("</div>\n<h2>Distributions</h2>\n");
    if let Some(quiet) = &report.quiet {
        body.push_str("<p>before, with nothing going on</p>\n");
        distributions(&mut body, quiet, None);
        body.push_str("<p>while it went on</p>\n");
    }
    let bare = report.reference.as_ref().map(|bare| &bare.wake_us);
    distributions(&mut body, &report.figures, bare);
    if let Some(overload) = &report.overload {
        let lines = escaped(&overload.lines().join("\n"));
        add(
            &mut body,
            format_args!("<h2>Joining</h2>\n<pre>{lines}</pre>\n"),
        );
    }
    body.push_str("<div class=\"columns\">\n<div><h2>Figures</h2>\n");
    rows(&mut body, report.rows());
    body.push_str("</div>\n<div><h2>Environment</h2>\n");
    rows(&mut body, report.environment.rows());
    body.push_str("</div>\n</div>\n");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>talkpath bench {}</title><style>{STYLE}</style></head>\n<body>\n{body}</body>\n</html>\n",
        escaped(report.scenario)
    )
}

fn distributions(body: &mut String, figures: &Figures, bare: Option<&Quantiles>) {
    body.push_str(
        "<table><tr><th></th><th>count</th><th>mean</th><th>p50</th><th>p99</th><th>p99.9</th><th>max</th></tr>\n",
    );
    let bare = bare.map(|bare| ("bare loop late by", "µs", bare));
    for (name, unit, of) in figures.distributions().into_iter().chain(bare) {
        if of.count == 0 {
            continue;
        }
        add(
            body,
            format_args!("<tr><td>{name}, {unit}</td><td>{}</td>", of.count),
        );
        for value in [of.mean, of.p50, of.p99, of.p999, of.max] {
            add(body, format_args!("<td>{value:.1}</td>"));
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</table>\n");
}

fn rows(body: &mut String, rows: Vec<(String, String)>) {
    body.push_str("<table>\n");
    for (name, value) in rows {
        let (name, value) = (escaped(&name), escaped(&value));
        add(
            body,
            format_args!("<tr><td>{name}</td><td>{value}</td></tr>\n"),
        );
    }
    body.push_str("</table>\n");
}

fn add(body: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written.
    body.write_fmt(text).unwrap_or_default();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
