//! Where the parts of a message are, read from bytes nobody has parsed yet.
//!
//! RFC 3261, section 7: a first line, headers, an empty line, a body. Bytes are looked at, nothing
//! is understood beyond the length of the body (sections 18.3 and 20.14).

use super::LONGEST_HEADERS;

/// What a header says of the body's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Length {
    /// Nothing.
    None,
    /// So many bytes.
    Is(usize),
    /// Something that is no number, or two numbers.
    Bad,
}

/// Bytes after the empty line; `None` if there is no empty line.
pub(super) fn body_length(packet: &[u8]) -> Option<usize> {
    Some(packet.len() - headers_end(packet)?)
}

/// Index after the empty line that ends the headers.
pub(in super::super) fn headers_end(packet: &[u8]) -> Option<usize> {
    packet
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| at + 4)
}

/// The `Content-Length` of a message's headers.
pub(in super::super) fn content_length(packet: &[u8]) -> Length {
    let mut found = Length::None;
    for line in header_lines(packet) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let name = name.trim();
        if !name.eq_ignore_ascii_case("content-length") && !name.eq_ignore_ascii_case("l") {
            continue;
        }
        found = match (found, value.trim().parse()) {
            (Length::None, Ok(length)) => Length::Is(length),
            (Length::Is(first), Ok(second)) if first == second => found,
            _ => Length::Bad,
        };
    }
    found
}

/// The text lines of a message up to its empty line; at most [`LONGEST_HEADERS`] bytes are
/// looked at.
pub(super) fn header_lines(packet: &[u8]) -> impl Iterator<Item = std::borrow::Cow<'_, str>> {
    let end = headers_end(packet)
        .unwrap_or(packet.len())
        .min(LONGEST_HEADERS);
    packet[..end]
        .split(|&byte| byte == b'\n')
        .map(|line| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)))
}

/// The first of the lines, without the space after it.
pub(super) fn first_line(packet: &[u8]) -> String {
    header_lines(packet)
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}
