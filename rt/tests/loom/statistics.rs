//! The box exchange of statistics: a worker records while control collects.

use crate::{Seen, explore};
use talkpath_rt::ring::weaken::Weak;
use talkpath_rt::timing::{Tally, exchange_of};

/// One counter stands for the histograms.
struct Count(u32);

impl Tally for Count {
    fn add(&mut self, other: &Self) {
        self.0 += other.0;
    }

    fn clear(&mut self) {
        self.0 = 0;
    }
}

fn model(weak: Weak) {
    let seen = Seen::new(&["swap while recording", "no empty at hand", "collected late"]);
    let outcomes = seen.clone();
    explore(weak, move || {
        let (mut source, mut sink) = exchange_of(|| Count(0));
        let seen = outcomes.clone();
        let worker = loom::thread::spawn(move || {
            for _ in 0..3 {
                source.current().0 += 1;
                if !source.publish() {
                    seen.mark("no empty at hand");
                }
            }
            source
        });
        let mut sum = Count(0);
        if sink.collect(&mut sum) > 0 && sum.0 < 3 {
            outcomes.mark("swap while recording");
        }
        let mut source = worker.join().unwrap();
        if sink.collect(&mut sum) > 0 {
            outcomes.mark("collected late");
        }
        assert_eq!(sum.0 + source.current().0, 3);
    });
    seen.all();
}

#[test]
fn no_record_is_lost_or_doubled() {
    model(Weak::Sound);
}

#[test]
#[should_panic(expected = "Causality violation")]
fn weakened_commit_is_noticed() {
    model(Weak::Commit);
}
