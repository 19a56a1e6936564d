//! A session that was recorded runs again to the same bits: in virtual time and on real threads, with one worker and
//! with three; and what is wrong with a recording is told.

#[path = "../common/mod.rs"]
mod common;

mod faults;
mod graphs;
mod live;
mod ports;
mod session;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use talkpath_engine::RecordTo;

/// A file in memory.
#[derive(Clone, Default)]
pub struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    /// What was written.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("nobody panics with it").clone()
    }

    /// A recording that may get as long as it likes.
    pub fn to(&self) -> RecordTo {
        self.up_to(u64::MAX)
    }

    /// One that ends at so many bytes.
    pub fn up_to(&self, max_bytes: u64) -> RecordTo {
        RecordTo {
            to: Box::new(self.clone()),
            max_bytes,
        }
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
