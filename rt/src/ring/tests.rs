use super::*;

#[test]
fn first_in_first_out_and_full_gives_the_value_back() {
    let (mut tx, mut rx) = ring(2);
    assert_eq!(rx.pop(), None::<&str>);
    tx.push("a").unwrap();
    tx.push("b").unwrap();
    assert_eq!(tx.push("c"), Err(Full("c")));
    assert_eq!((rx.peek(), rx.len()), (Some(&"a"), 2));
    assert_eq!((rx.pop(), rx.pop(), rx.pop()), (Some("a"), Some("b"), None));
    assert!(rx.is_empty());
    assert_eq!((tx.capacity(), rx.capacity()), (2, 2));
}

#[test]
fn all_or_nothing() {
    let (mut tx, mut rx) = ring(3);
    tx.push(0).unwrap();
    let refused = tx.push_all([1, 2, 3].into_iter()).unwrap_err();
    assert_eq!(refused.as_slice(), [1, 2, 3]);
    assert_eq!(rx.len(), 1);
    tx.push_all([1, 2].into_iter()).unwrap();
    assert_eq!(rx.len(), 3);
    assert!(!tx.push_slice(&[9]));
    let mut out = [7; 4];
    assert!(!rx.pop_slice(&mut out));
    assert_eq!(out, [7; 4]);
    assert!(rx.pop_slice(&mut out[..3]));
    assert_eq!(out, [0, 1, 2, 7]);
    assert!(tx.push_slice(&[4, 5]));
    assert_eq!((rx.pop(), tx.vacant()), (Some(4), 2));
}

#[test]
fn the_high_water_mark_is_exact() {
    let (mut tx, mut rx) = ring(8);
    for _ in 0..100 {
        tx.push(1).unwrap();
        tx.push(2).unwrap();
        assert_eq!((rx.pop(), rx.pop()), (Some(1), Some(2)));
    }
    assert_eq!(tx.high_water(), 2);
    tx.push_all(0..5).unwrap();
    assert_eq!(tx.high_water(), 5);
    while rx.pop().is_some() {}
    assert!(tx.push_slice(&[0; 7]));
    assert_eq!(tx.high_water(), 7);
    assert!(!tx.push_slice(&[0; 7]));
    assert_eq!(tx.high_water(), 7);
}

#[test]
fn what_was_written_outlives_the_writer() {
    let (mut tx, mut rx) = ring(1);
    tx.push(1).unwrap();
    assert!(!rx.is_abandoned());
    drop(tx);
    assert!(rx.is_abandoned());
    assert_eq!(rx.pop(), Some(1));
    let (tx, rx) = ring::<u8>(1);
    drop(rx);
    assert!(tx.is_abandoned());
}

#[test]
fn each_end_can_be_sent() {
    let (mut tx, mut rx) = ring(4);
    let writer = std::thread::spawn(move || {
        for value in 0..1000 {
            let mut value = Box::new(value);
            while let Err(Full(back)) = tx.push(value) {
                value = back;
                std::thread::yield_now();
            }
        }
    });
    let mut expected = 0;
    while expected < 1000 {
        match rx.pop() {
            Some(value) => {
                assert_eq!(*value, expected);
                expected += 1;
            }
            None => std::thread::yield_now(),
        }
    }
    writer.join().unwrap();
}

#[test]
fn the_reader_remembers_the_most_it_found_waiting() {
    let (mut tx, mut rx) = ring(4);
    for round in 0..3 {
        tx.push(round).unwrap();
    }
    assert_eq!((rx.high_water(), rx.gauge()), (0, 3));
    while rx.pop().is_some() {}
    tx.push(9).unwrap();
    assert_eq!((rx.gauge(), rx.high_water()), (1, 3));
}
