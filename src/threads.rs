//! The threads of this process as the kernel lists them: found by name, timed, and kept to cores.

use std::io;
use std::time::Duration;

use crate::sys;

const TASKS: &str = "/proc/self/task";
/// The kernel shows this many bytes of a thread's name.
const SHOWN: usize = 15;

/// Kernel id of the first thread named `name`.
pub(crate) fn find(name: &str) -> Option<i32> {
    let shown = &name.as_bytes()[..name.len().min(SHOWN)];
    ids().into_iter().find(|id| {
        std::fs::read(format!("{TASKS}/{id}/comm")).is_ok_and(|comm| comm.trim_ascii_end() == shown)
    })
}

/// CPU time of thread `id` so far: user and system, to the nanosecond, as of its last switch or tick.
///
/// # Errors
/// The thread is gone, or the kernel keeps no scheduler statistics.
pub(crate) fn cpu_time(id: i32) -> io::Result<Duration> {
    let text = std::fs::read_to_string(format!("{TASKS}/{id}/schedstat"))?;
    text.split_whitespace()
        .next()
        .and_then(|nanos| nanos.parse().ok())
        .map(Duration::from_nanos)
        .ok_or_else(|| io::Error::other(format!("schedstat of thread {id} reads {text:?}")))
}

/// Keeps every thread but `except` to `cores`, the threads they start later included.
///
/// # Errors
/// What the system said about the first thread it refused; a thread that ended meanwhile is no error.
pub(crate) fn confine_others(except: i32, cores: &[usize]) -> io::Result<()> {
    for id in ids().into_iter().filter(|id| *id != except) {
        match sys::set_cores(id, cores) {
            Err(error) if error.raw_os_error() != Some(libc::ESRCH) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn ids() -> Vec<i32> {
    let Ok(tasks) = std::fs::read_dir(TASKS) else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| task.file_name().to_str()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_found_by_its_name_and_timed() {
        let (ready, waiting) = std::sync::mpsc::channel();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("find-me-by-a-long-name".into())
            .spawn(move || {
                ready.send(sys::own_thread()).unwrap();
                stopped.recv().unwrap_err();
            })
            .unwrap();
        let id = waiting.recv().unwrap();
        assert_eq!(find("find-me-by-a-long-name"), Some(id));
        cpu_time(id).unwrap();
        drop(stop);
        thread.join().unwrap();
        assert_eq!(find("nobody"), None);
    }
}
