//! What the packets of a leg are coded with, as the session asked for it: only that tells what a dynamic payload type is.

use std::collections::BTreeMap;
use std::time::Duration;

use crossbeam::channel::{Sender, bounded};

use super::report::LegCodec;
use crate::leg::NetworkConfig;
use crate::proto::{CallId, LegId};
use crate::supervisor::{CallEdit, Request, Source, Supervisor};

/// Asks again what was asked, and tells the desk of codecs.
pub(super) struct Codecs {
    tell: Sender<(u64, LegCodec)>,
    sides: BTreeMap<CallId, [LegId; 2]>,
}

impl Codecs {
    pub fn new(tell: Sender<(u64, LegCodec)>) -> Self {
        Self {
            tell,
            sides: BTreeMap::new(),
        }
    }

    /// Has the supervisor handle `request`; what was refused is told nobody.
    pub fn handle(&mut self, request: Request, at: Duration, supervisor: &mut Supervisor) {
        match request {
            Request::Join {
                room,
                source: Source::Network(config),
                priority,
                ..
            } => {
                let (reply, answer) = bounded(1);
                let source = Source::Network(config);
                supervisor.handle(Request::Join {
                    room,
                    source,
                    priority,
                    reply,
                });
                if let Ok(Ok(joined)) = answer.try_recv() {
                    self.tell(joined.leg, at, &config);
                }
            }
            Request::Change { leg, config, .. } => {
                let (reply, answer) = bounded(1);
                supervisor.handle(Request::Change { leg, config, reply });
                if let Ok(Ok(())) = answer.try_recv() {
                    self.tell(leg, at, &config);
                }
            }
            Request::CreateCall { config, .. } => {
                let (reply, answer) = bounded(1);
                let ends = [config.a, config.b];
                supervisor.handle(Request::CreateCall { config, reply });
                if let Ok(Ok(call)) = answer.try_recv() {
                    self.sides.insert(call.id, call.sides);
                    for (leg, config) in call.sides.into_iter().zip(&ends) {
                        self.tell(leg, at, config);
                    }
                }
            }
            Request::EditCall {
                call,
                edit: CallEdit::Change(side, config),
                ..
            } => {
                let (reply, answer) = bounded(1);
                let edit = CallEdit::Change(side, config);
                supervisor.handle(Request::EditCall { call, edit, reply });
                let sides = self.sides.get(&call).copied();
                if let (Ok(Ok(())), Some(sides)) = (answer.try_recv(), sides) {
                    self.tell(sides[side.index()], at, &config);
                }
            }
            other => supervisor.handle(other),
        }
    }

    fn tell(&self, leg: LegId, at: Duration, config: &NetworkConfig) {
        let coded = LegCodec {
            at,
            payload_type: config.payload_type,
            codec: config.codec,
        };
        // The desk reads until all threads have ended; one that was stopped has none.
        self.tell.send((leg.to_bits(), coded)).unwrap_or_default();
    }
}
