//! The events of the engine as a client of `/events` reads them: filtered by its words, with Call-IDs and time of day.

use std::time::Duration;

use serde_json::Value;
use talkpath_edge::http::{EventFeed, EventQuery, Fed, NoFeed, rounded};
use talkpath_edge::utc;
use talkpath_engine::{Engine, Event, EventClass, EventFilter, EventStream, LegId, RoomId};
use talkpath_rt::clock::{Clock, MonotonicClock};
use talkpath_rt::handle::Handle;

/// Events a client may be behind, beside what is in its pipe.
const BACKLOG: usize = 1_024;

/// The feed that `query` asks for.
pub(super) fn open(
    engine: &Engine,
    call_ids: impl Fn(LegId) -> Option<String> + Send + 'static,
    query: &EventQuery,
) -> Result<Box<dyn EventFeed>, NoFeed> {
    let named = |name: &str| engine.room(name).ok().flatten().map(|room| room.id());
    let filter = filter(query, named)?.backlog(BACKLOG);
    let events = engine.subscribe_with(filter);
    let events = events.map_err(|error| NoFeed::Over(error.to_string()))?;
    Ok(Box::new(Feed { events, call_ids }))
}

/// The words of a query as a filter; `room` knows rooms by name.
fn filter(
    query: &EventQuery,
    room: impl Fn(&str) -> Option<RoomId>,
) -> Result<EventFilter, NoFeed> {
    let mut filter = EventFilter::default();
    if let Some(names) = &query.class {
        let classes: Result<Vec<_>, _> = names
            .split(',')
            .map(|name| EventClass::named(name.trim()).ok_or(name))
            .collect();
        filter = filter.of_classes(classes.map_err(|name| {
            let known = EventClass::ALL.map(EventClass::name).join(", ");
            NoFeed::BadQuery(format!("class={name}: the classes are {known}"))
        })?);
    }
    if let Some(name) = &query.room {
        let known = room(name).or_else(|| handle(name));
        let error =
            || NoFeed::BadQuery(format!("room={name}: no room of that name, and no handle"));
        filter = filter.in_room(known.ok_or_else(error)?);
    }
    if let Some(text) = &query.leg {
        let error = || NoFeed::BadQuery(format!("leg={text}: a handle is index.generation"));
        filter = filter.of_leg(handle(text).ok_or_else(error)?);
    }
    if let Some(text) = &query.call {
        let error = || NoFeed::BadQuery(format!("call={text}: a handle is index.generation"));
        filter = filter.of_call(handle(text).ok_or_else(error)?);
    }
    Ok(filter)
}

/// A handle as it is shown: `index.generation`.
fn handle<T>(text: &str) -> Option<Handle<T>> {
    let (index, generation) = text.split_once('.')?;
    Some(Handle::new(index.parse().ok()?, generation.parse().ok()?))
}

struct Feed<F> {
    events: EventStream,
    call_ids: F,
}

impl<F: Fn(LegId) -> Option<String> + Send> EventFeed for Feed<F> {
    fn next(&mut self, wait: Duration) -> Fed {
        match self.events.wait(wait) {
            Ok(Some(event)) => Fed::Line(line(&event, event.leg.and_then(&self.call_ids))),
            Ok(None) => Fed::Nothing,
            Err(_) => Fed::Over,
        }
    }
}

/// The event as one line, with what the engine does not know.
fn line(event: &Event, call_id: Option<String>) -> String {
    // Plain data: it always serialises.
    let mut json = rounded(serde_json::to_value(event).unwrap_or_default());
    let ago = MonotonicClock.now().saturating_sub(event.at);
    json["time"] = utc::ago(ago).into();
    if let Some(call_id) = call_id {
        json["call_id"] = Value::String(call_id);
    }
    json.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(class: Option<&str>, room: Option<&str>, leg: Option<&str>) -> EventQuery {
        let own = |text: Option<&str>| text.map(str::to_owned);
        EventQuery {
            class: own(class),
            room: own(room),
            leg: own(leg),
            call: None,
        }
    }

    fn of_call(call: &str) -> EventQuery {
        EventQuery {
            call: Some(call.to_owned()),
            ..EventQuery::default()
        }
    }

    #[test]
    fn the_words_of_a_query_become_a_filter_or_an_answer_that_helps() {
        let lobby = |name: &str| (name == "lobby").then(|| handle("3.1").expect("a handle"));
        let is = |query, filter: EventFilter| assert_eq!(super::filter(&query, lobby), Ok(filter));
        let all = EventFilter::default();
        let room = handle("3.1").expect("a handle");
        is(query(None, None, None), all);
        is(
            query(Some("critical, warning"), None, None),
            all.of_classes([EventClass::Warning, EventClass::Critical]),
        );
        is(query(None, Some("lobby"), None), all.in_room(room));
        is(query(None, Some("3.1"), None), all.in_room(room));
        is(
            query(None, None, Some("7.2")),
            all.of_leg(handle("7.2").expect("a handle")),
        );
        is(
            of_call("5.3"),
            all.of_call(handle("5.3").expect("a handle")),
        );
        let wrong = [
            of_call("lobby"),
            query(Some("loud"), None, None),
            query(None, Some("kitchen"), None),
            query(None, None, Some("7")),
            query(None, None, Some("7.0")),
        ];
        for query in wrong {
            let answer = super::filter(&query, lobby);
            assert!(matches!(answer, Err(NoFeed::BadQuery(_))), "{query:?}");
        }
    }
}
