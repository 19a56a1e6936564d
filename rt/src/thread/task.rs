//! The threads of this process as the kernel lists them: found by name, timed, and kept to cores.
//!
//! For the control side. A core that a worker has to itself is made by moving everybody else off it, also the threads
//! of libraries, which nobody here has started or holds a handle on; hence by the kernel's list and not by our own.

use std::io;
use std::time::Duration;

use crate::sys::sched;

const TASKS: &str = "/proc/self/task";
/// The kernel shows this many bytes of a thread's name.
const SHOWN: usize = 15;

/// A thread of this process by its kernel id. The thread may end at any time; the id may then be used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Task(i32);

impl Task {
    /// The calling thread.
    ///
    /// Real-time: allocates no; blocks no; cost: one system call.
    #[must_use]
    pub fn current() -> Self {
        Self(sched::current_thread_id())
    }

    /// The first thread named `name`, of which the first 15 bytes count.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let shown = &name.as_bytes()[..name.len().min(SHOWN)];
        tasks().into_iter().find(|Self(id)| {
            std::fs::read(format!("{TASKS}/{id}/comm"))
                .is_ok_and(|comm| comm.trim_ascii_end() == shown)
        })
    }

    /// The kernel's id, above 0.
    #[must_use]
    pub fn id(self) -> i32 {
        self.0
    }

    /// CPU time so far: user and system, to the nanosecond, as of its last switch or tick.
    ///
    /// # Errors
    ///
    /// The thread is gone, or the kernel keeps no scheduler statistics.
    pub fn cpu_time(self) -> io::Result<Duration> {
        let text = std::fs::read_to_string(format!("{TASKS}/{}/schedstat", self.0))?;
        text.split_whitespace()
            .next()
            .and_then(|nanos| nanos.parse().ok())
            .map(Duration::from_nanos)
            .ok_or_else(|| io::Error::other(format!("schedstat of {self:?} reads {text:?}")))
    }

    /// Pages of memory that the thread has waited for so far, those that were read from a disk not counted.
    ///
    /// # Errors
    ///
    /// The thread is gone.
    pub fn page_faults(self) -> io::Result<u64> {
        let text = std::fs::read_to_string(format!("{TASKS}/{}/stat", self.0))?;
        // proc(5): the name, field 2, is in brackets and may hold any; minflt is field 10.
        let after_name = text.rsplit(')').next().unwrap_or_default();
        let field = after_name.split_whitespace().nth(7);
        field
            .and_then(|faults| faults.parse().ok())
            .ok_or_else(|| io::Error::other(format!("stat of {self:?} reads {text:?}")))
    }

    /// Takes the thread's real-time priority from it, and all it has over others: it runs when nobody else wants its core.
    ///
    /// # Errors
    ///
    /// What the system said: the thread is gone.
    pub fn demote(self) -> io::Result<()> {
        sched::set_idle(self.0)
    }

    /// Keeps the thread to `cores`, and with it the threads it starts from now on. Cores from the 1,024th on are left
    /// out.
    ///
    /// # Errors
    ///
    /// What the system said: the thread is gone, or none of the cores may be used.
    pub fn confine_to(self, cores: &[usize]) -> io::Result<()> {
        sched::set_affinity(self.0, cores)
    }

    /// Keeps every thread of this process but those of `keep` to `cores`.
    ///
    /// # Errors
    ///
    /// What the system said about the first thread it refused; a thread that ended meanwhile is no error.
    pub fn confine_all_but(keep: &[Self], cores: &[usize]) -> io::Result<()> {
        for task in tasks().into_iter().filter(|task| !keep.contains(task)) {
            match task.confine_to(cores) {
                Err(error) if error.raw_os_error() != Some(libc::ESRCH) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn tasks() -> Vec<Task> {
    let Ok(tasks) = std::fs::read_dir(TASKS) else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| task.file_name().to_str()?.parse().ok().map(Task))
        .collect()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::thread::allowed_cores;

    /// A thread of this name that waits until the sender is dropped, and then tells its cores.
    fn waiting(name: &str) -> (Task, mpsc::Sender<()>, std::thread::JoinHandle<Vec<usize>>) {
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = mpsc::channel::<()>();
        let body = move || {
            ready.send(Task::current()).unwrap();
            stopped.recv().unwrap_err();
            allowed_cores()
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(body);
        (started.recv().unwrap(), stop, thread.unwrap())
    }

    #[test]
    fn a_thread_is_found_by_its_name_and_timed() {
        let (task, stop, thread) = waiting("find-me-by-a-long-name");
        assert_eq!(Task::named("find-me-by-a-long-name"), Some(task));
        assert!(task.id() > 0 && task != Task::current());
        task.cpu_time().unwrap();
        drop(stop);
        thread.join().unwrap();
        assert_eq!(Task::named("nobody"), None);
    }

    #[test]
    fn a_thread_is_kept_to_the_cores_given_and_no_other_is() {
        let before = allowed_cores();
        let core = before[0];
        let (task, stop, thread) = waiting("kept");
        task.confine_to(&[core, 1 << 20]).unwrap();
        assert_eq!(allowed_cores(), before);
        drop(stop);
        assert_eq!(thread.join().unwrap(), [core]);
    }

    #[test]
    fn a_demoted_thread_is_behind_all_others() {
        let (task, stop, thread) = waiting("demoted");
        task.demote().unwrap();
        let stat = std::fs::read_to_string(format!("{TASKS}/{}/stat", task.id())).unwrap();
        // proc(5): field 41 is the policy; the name in brackets is field 2.
        let after_name = stat.rsplit(')').next().unwrap();
        let policy = after_name.split_whitespace().nth(38).unwrap();
        assert_eq!(policy, libc::SCHED_IDLE.to_string());
        drop(stop);
        thread.join().unwrap();
    }

    #[test]
    fn no_core_at_all_and_a_thread_that_is_gone_are_refused() {
        let (task, stop, thread) = waiting("refused");
        assert!(task.confine_to(&[]).is_err());
        assert!(task.confine_to(&[1 << 20]).is_err());
        drop(stop);
        thread.join().unwrap();
        let beyond = Task(i32::MAX);
        let gone = beyond.confine_to(&[0]).unwrap_err();
        assert_eq!(gone.raw_os_error(), Some(libc::ESRCH));
        assert!(beyond.cpu_time().is_err() && beyond.demote().is_err());
    }
}
