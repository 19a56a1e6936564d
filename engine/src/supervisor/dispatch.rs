//! Each request to who answers it, and the answer to who asked.
//!
//! On the supervisor's thread.

use crate::error::{Class, EngineError};

use super::Supervisor;
use super::request::{Reply, Request};

impl Supervisor {
    /// Answers one request.
    pub(crate) fn handle(&mut self, request: Request) {
        if let Some(tape) = &mut self.tape {
            self.port_tape = tape.asked(&request);
        }
        match request {
            Request::CreateRoom { config, reply } => {
                let outcome = self.create_room(config);
                self.answer(&reply, outcome);
            }
            Request::CloseRoom { room, reply } => {
                let outcome = self.close_room(room);
                self.answer(&reply, outcome);
            }
            Request::Join {
                room,
                source,
                priority,
                reply,
            } => {
                let outcome = self.join(room, &source, priority);
                self.answer(&reply, outcome);
            }
            Request::Change { leg, config, reply } => {
                let outcome = self.change(leg, config);
                self.answer(&reply, outcome);
            }
            Request::JoinGraph { room, graph, reply } => {
                let outcome = self.join_graph(room, *graph);
                self.answer(&reply, outcome);
            }
            Request::RoomGraph {
                room,
                source,
                reply,
            } => {
                let outcome = self.graph_for(room, source);
                self.answer(&reply, outcome);
            }
            Request::LegGraph { leg, reply } => {
                let outcome = self.graph_of(leg);
                self.answer(&reply, outcome);
            }
            Request::Swap { leg, graph, reply } => {
                let outcome = self.swap_graph(leg, *graph);
                self.answer(&reply, outcome);
            }
            Request::Edit { leg, edit, reply } => {
                let outcome = self.edit(leg, edit);
                self.answer(&reply, outcome);
            }
            Request::Leave { leg, reason, reply } => {
                let outcome = self.leave(leg, reason);
                self.answer(&reply, outcome);
            }
            Request::Legs { room, reply } => {
                let outcome = self.legs_of(room);
                self.answer(&reply, outcome);
            }
            Request::LegStatus { leg, reply } => {
                let known = self.legs.get(&leg).filter(|state| state.stays());
                let status = known.map(|state| Box::new(self.leg_status(leg, state)));
                self.answer(&reply, status.ok_or(EngineError::StaleLeg { leg }));
            }
            Request::LegStats { leg, reply } => {
                let outcome = self.leg(leg).map(|leg| leg.stats);
                self.answer(&reply, outcome);
            }
            Request::Farewell { leg, reply } => {
                let outcome = self.farewell(leg);
                self.answer(&reply, outcome);
            }
            Request::CreateCall { config, reply } => {
                let outcome = self.create_call(*config);
                self.answer(&reply, outcome);
            }
            Request::EditCall { call, edit, reply } => {
                let outcome = self.edit_call(call, edit);
                self.answer(&reply, outcome);
            }
            Request::CallStats { call, reply } => {
                let outcome = self.call_stats(call);
                self.answer(&reply, outcome);
            }
            Request::Calls { reply } => send(&reply, self.call_infos()),
            Request::FindRoom { name, reply } => send(&reply, self.find_room(&name)),
            Request::Rooms { reply } => send(&reply, self.room_infos()),
            Request::Subscribe { filter, reply } => send(&reply, self.subscribers.add(filter)),
            Request::Status { reply } => send(&reply, Box::new(self.status())),
            Request::Plans { reply } => send(&reply, self.plan_infos()),
            Request::Timing { reply } => send(&reply, self.timing()),
            Request::Move { leg, to, reply } => {
                let outcome = self.move_leg(leg, to);
                self.answer(&reply, outcome);
            }
            Request::Rebalance { reply } => {
                let outcome = self.rebalance();
                self.answer(&reply, outcome);
            }
            Request::Headroom {
                room,
                source,
                reply,
            } => {
                // A question, not a request refused: not counted.
                send(&reply, self.headroom(room, &source));
            }
            Request::HeadroomOfCalls { config, reply } => {
                send(&reply, self.headroom_of_calls(&config));
            }
            Request::Stop { reply } => {
                self.flush_tapes();
                self.stop();
                send(&reply, ());
            }
        }
    }

    /// Gives an outcome to who asked, and counts a refusal.
    fn answer<T>(
        &mut self,
        reply: &Reply<Result<T, EngineError>>,
        outcome: Result<T, EngineError>,
    ) {
        if let Err(error) = &outcome {
            match error.class() {
                Class::Capacity => self.counters.refused_capacity += 1,
                Class::Transient => self.counters.refused_busy += 1,
                Class::Caller | Class::Bug => self.counters.refused_caller += 1,
            }
        }
        send(reply, outcome);
    }
}

/// Answers; an asker who no longer waits is nobody's fault.
fn send<T>(reply: &Reply<T>, answer: T) {
    if reply.try_send(answer).is_err() {
        tracing::debug!("an asker went away before its answer");
    }
}
