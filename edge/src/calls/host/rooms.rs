//! Rooms of calls: who creates them, and when they are closed.
//!
//! A shared room is created by its first caller and closed by its last. Whether somebody is still
//! in it is decided, and the room closed, under one lock of the book: nobody enters a room that is
//! just ending.

use talkpath_engine::{EngineError, Leg, LegConfig, NetworkConfig, Room, RoomConfig};

use super::super::{Asked, MediaRefusal};
use super::EngineHost;
use super::book::Home;
use super::patience::{TRIES, patiently, pause, refused};

impl EngineHost {
    /// Enters the room of a call with a leg of `config`.
    pub(super) fn enter(
        &self,
        asked: &Asked,
        config: NetworkConfig,
    ) -> Result<(Leg, Room, Home), MediaRefusal> {
        let join =
            |room: &Room| patiently(|| room.join_as(LegConfig::network(config), asked.class));
        let Some(name) = asked.to.shared_room() else {
            let name = self.book().private_name(&asked.to);
            let room = patiently(|| self.create(&name)).map_err(refused)?;
            let home = Home::Private(room.clone());
            let leg = join(&room).map_err(refused);
            let leg = leg.inspect_err(|_| self.exit(&home))?;
            return Ok((leg, room, home));
        };
        for _ in 0..TRIES {
            let Some(room) = self.shared(name)? else {
                pause();
                continue;
            };
            let home = Home::Shared(room.id());
            match join(&room) {
                Ok(leg) => return Ok((leg, room, home)),
                // Not by callers: the application has closed it.
                Err(EngineError::StaleRoom { .. }) => {
                    self.book().forget_room(room.id());
                    pause();
                }
                Err(error) => {
                    self.exit(&home);
                    return Err(refused(error));
                }
            }
        }
        Err(MediaRefusal::Failed(format!("room {name:?} is closing")))
    }

    /// The shared room of that name with one more caller in it; `None` if it has to be asked for
    /// again in a moment.
    fn shared(&self, name: &str) -> Result<Option<Room>, MediaRefusal> {
        let mut book = self.book();
        if let Some(room) = book.enter(name) {
            return Ok(Some(room));
        }
        // Somebody else's room (the application's) is used, but never closed, by callers.
        let (room, ours) = match self.engine.room(name).map_err(refused)? {
            Some(room) => (room, false),
            None => match self.create(name) {
                Ok(room) => (room, true),
                Err(EngineError::RoomExists { .. } | EngineError::Busy { .. }) => return Ok(None),
                Err(error) => return Err(refused(error)),
            },
        };
        book.add_room(name, room, ours);
        Ok(book.enter(name))
    }

    fn create(&self, name: &str) -> Result<Room, EngineError> {
        let mut config = RoomConfig::new(name);
        config.frame = self.frame;
        self.engine.create_room(config)
    }

    /// One caller less in `home`, which is closed if it was the last.
    pub(super) fn exit(&self, home: &Home) {
        let closed = match home {
            Home::Shared(room) => {
                self.book().exit(*room);
                patiently(|| self.book().close_if_empty(*room))
            }
            Home::Private(room) => patiently(|| room.close()),
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "the room was not closed");
        }
    }
}
