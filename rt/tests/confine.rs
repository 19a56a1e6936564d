//! Every thread but one moved off a core. A process of its own: it moves the test harness's threads too.
#![cfg(not(loom))]

use std::sync::mpsc::channel;

use talkpath_rt::thread::{Placement, Task, allowed_cores, spawn};

/// A thread as a library would start it; its cores, told once the sender is dropped.
fn bystander(stopped: std::sync::mpsc::Receiver<()>) -> std::thread::JoinHandle<Vec<usize>> {
    let (ready, started) = channel();
    let thread = std::thread::spawn(move || {
        ready.send(()).unwrap();
        stopped.recv().unwrap_err();
        let child = std::thread::spawn(allowed_cores).join().unwrap();
        assert_eq!(
            child,
            allowed_cores(),
            "a new thread starts where its parent is"
        );
        child
    });
    started.recv().unwrap();
    thread
}

#[test]
fn all_but_one_thread_leave_its_core() {
    let cores = allowed_cores();
    let (own, others) = match cores[..] {
        // With one core alone there is nowhere to go; everybody stays.
        [only] => (only, vec![only]),
        _ => (cores[cores.len() - 1], cores[..cores.len() - 1].to_vec()),
    };
    let (stop, stopped) = channel();
    let (stop_worker, worker_stopped) = channel::<()>();
    let placement = Placement {
        name: "the-worker".into(),
        core: Some(own),
        priority: None,
    };
    let worker = spawn(placement, move |_| {
        worker_stopped.recv().unwrap_err();
        (Task::current(), allowed_cores())
    })
    .unwrap();
    let bystander = bystander(stopped);
    let task = Task::named("the-worker").unwrap();
    Task::confine_all_but(&[task], &others).unwrap();
    assert_eq!(allowed_cores(), others, "the calling thread moved as well");
    drop((stop, stop_worker));
    assert_eq!(bystander.join().unwrap(), others);
    assert_eq!(worker.join().unwrap(), (task, vec![own]));
}
