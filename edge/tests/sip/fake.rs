//! A media side that only takes notes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use talkpath_edge::calls::{
    Asked, CallLeg, Destination, MediaEnd, MediaFigures, MediaHost, MediaPort, MediaRefusal,
    MediaSession, WhenEnded,
};
use talkpath_edge::sdp::Place;
use talkpath_engine::Priority;

/// What it has noted.
#[derive(Default)]
pub struct Notes {
    pub ports_open: usize,
    pub legs: HashMap<CallLeg, (Destination, MediaSession)>,
    pub joined: u64,
    /// Changes of legs in place.
    pub updates: u64,
    /// Of those that joined, in order.
    pub classes: Vec<Priority>,
    pub left: usize,
    pub capacity: Option<usize>,
    ended: HashMap<CallLeg, WhenEnded>,
}

/// The fake. Clones share the notes.
#[derive(Clone, Default)]
pub struct FakeHost(Arc<Mutex<Notes>>);

pub struct FakePort(FakeHost);

impl FakeHost {
    pub fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().expect("no test panics while it looks")
    }

    pub fn joined(&self) -> u64 {
        self.notes().joined
    }

    pub fn left(&self) -> usize {
        self.notes().left
    }

    pub fn ports_open(&self) -> usize {
        self.notes().ports_open
    }

    pub fn only_session(&self) -> MediaSession {
        let notes = self.notes();
        assert_eq!(notes.legs.len(), 1);
        notes.legs.values().next().expect("one").1.clone()
    }

    pub fn end_all(&self, end: MediaEnd) {
        for ended in self.notes().ended.values() {
            ended(end);
        }
    }
}

impl MediaPort for FakePort {
    fn place(&self, peer: SocketAddr) -> Place {
        let rtp = SocketAddr::new(peer.ip(), 30_000);
        Place {
            rtp,
            rtcp: SocketAddr::new(peer.ip(), 30_001),
        }
    }
}

impl Drop for FakePort {
    fn drop(&mut self) {
        self.0.notes().ports_open -= 1;
    }
}

impl MediaHost for FakeHost {
    type Port = FakePort;

    fn open(&self, asked: &Asked) -> Result<FakePort, MediaRefusal> {
        if matches!(&asked.to, Destination::Play(name) if name == "missing") {
            return Err(MediaRefusal::Unknown("no such recording".to_owned()));
        }
        self.notes().ports_open += 1;
        Ok(FakePort(self.clone()))
    }

    fn join(
        &self,
        port: FakePort,
        asked: &Asked,
        session: &MediaSession,
        ended: WhenEnded,
    ) -> Result<CallLeg, MediaRefusal> {
        let mut notes = self.notes();
        if notes
            .capacity
            .is_some_and(|capacity| notes.legs.len() >= capacity)
        {
            drop(notes);
            drop(port);
            return Err(MediaRefusal::Capacity("all 1 legs in use".to_owned()));
        }
        notes.classes.push(asked.class);
        notes.joined += 1;
        let leg = CallLeg(notes.joined);
        notes.legs.insert(leg, (asked.to.clone(), session.clone()));
        notes.ended.insert(leg, ended);
        drop(notes);
        Ok(leg)
    }

    fn update(&self, leg: CallLeg, session: &MediaSession) -> Result<(), MediaRefusal> {
        let mut notes = self.notes();
        let held = notes
            .legs
            .get_mut(&leg)
            .ok_or(MediaRefusal::Failed("gone".to_owned()))?;
        held.1 = session.clone();
        notes.updates += 1;
        Ok(())
    }

    fn leave(&self, leg: CallLeg) -> MediaFigures {
        let mut notes = self.notes();
        notes.left += usize::from(notes.legs.remove(&leg).is_some());
        notes.ended.remove(&leg);
        MediaFigures {
            packets_in: Some(7),
            ..MediaFigures::default()
        }
    }
}
