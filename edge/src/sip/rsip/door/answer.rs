//! What the door says to a request it does not let in.

use super::super::super::message::{ALLOW, Response, quotable};
use super::Verdict;
use super::framing::{first_line, header_lines};

/// A response made of the request's own lines, without any state.
pub(super) fn answer(packet: &[u8], status: u16, phrase: &str, why: &str) -> Verdict {
    let line = first_line(packet);
    if line.starts_with("SIP/") || line.starts_with("ACK ") || !line.contains(" SIP/") {
        return Verdict::Drop;
    }
    let mut text = format!("SIP/2.0 {status} {phrase}\r\n");
    let mut via = false;
    for line in header_lines(packet).skip(1) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let full = match name.trim().to_ascii_lowercase().as_str() {
            "via" | "v" => "Via",
            "from" | "f" => "From",
            "to" | "t" => "To",
            "call-id" | "i" => "Call-ID",
            "cseq" => "CSeq",
            _ => continue,
        };
        via |= full == "Via";
        let value: String = value.trim().chars().filter(|c| !c.is_control()).collect();
        let tag = if full == "To" && !value.contains(";tag=") {
            ";tag=none"
        } else {
            ""
        };
        text.push_str(&format!("{full}: {value}{tag}\r\n"));
    }
    if !via {
        return Verdict::Drop;
    }
    for (name, value) in Response::refusal(status, &quotable(why)).headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if status == 501 {
        text.push_str(&format!("Allow: {ALLOW}\r\n"));
    }
    text.push_str("Content-Length: 0\r\n\r\n");
    Verdict::Answer(text.into_bytes())
}
