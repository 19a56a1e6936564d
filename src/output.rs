//! Standard output of commands that print once and end.

use std::io::{self, ErrorKind, Write};

/// Prints `text`. A reader that has seen enough (`talkpath plan | head -1`) is no error.
///
/// # Errors
/// What the system said: a full disk, a closed descriptor.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
