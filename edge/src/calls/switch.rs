//! The switch: every request goes to the call it belongs to, or makes a new one, or is refused.
//!
//! One task; it never waits for a call.

use std::sync::Arc;

use talkpath_engine::Priority;
use tokio::sync::mpsc;

use super::MediaHost;
use super::call;
use super::desk::{Desk, Mail};
use super::opening::Refusal;
use crate::priority::{Claim, OPTION_TAG, is_option};
use crate::sip::message::{ALLOW, Method, Request, Response};
use crate::sip::stack::{Inbound, Invite, ServerTransaction};

/// What the tasks of calls share.
pub(crate) struct Core<H> {
    pub desk: Arc<Desk>,
    pub host: Arc<H>,
}

impl<H> Clone for Core<H> {
    fn clone(&self) -> Self {
        Self {
            desk: self.desk.clone(),
            host: self.host.clone(),
        }
    }
}

/// Serves requests until the stack is gone.
pub(crate) async fn run<H: MediaHost>(
    core: Core<H>,
    mut inbound: mpsc::UnboundedReceiver<Inbound>,
) {
    while let Some(inbound) = inbound.recv().await {
        match inbound {
            Inbound::Invite(invite) if invite.request.in_dialog => reinvite(&core.desk, invite),
            Inbound::Invite(invite) => new_call(&core, invite),
            Inbound::Request(request, transaction) => other(&core.desk, request, transaction),
        }
    }
}

fn new_call<H: MediaHost>(core: &Core<H>, invite: Invite) {
    let desk = &core.desk;
    desk.counters.invites.add_one();
    // Until it has a task of its own, whoever waits for all tasks waits for this.
    let _token = desk.tasks.token();
    let listed = first_look(desk, &invite.request).and_then(|class| {
        let mailbox = desk.list(&invite.request, class);
        Ok((class, mailbox.ok_or(Refusal::Draining)?))
    });
    let (class, mailbox) = match listed {
        Ok(listed) => listed,
        Err(refusal) => {
            refusal.counter(&desk.counters).add_one();
            invite.transaction.respond(refusal.response());
            return;
        }
    };
    desk.tasks
        .spawn(call::serve(core.clone(), invite, class, mailbox));
}

/// What can be refused before a call is made of it; the class it has else.
fn first_look(desk: &Desk, request: &Request) -> Result<Priority, Refusal> {
    if desk.is_draining() {
        return Err(Refusal::Draining);
    }
    if desk.is_merged(request) {
        return Err(Refusal::Merged);
    }
    let precedence = &desk.settings.precedence;
    let is_missing = |tag: &&String| !(precedence.is_on() && is_option(tag));
    let missing: Vec<_> = request
        .required
        .iter()
        .filter(is_missing)
        .cloned()
        .collect();
    if !missing.is_empty() {
        return Err(Refusal::Extension(missing.join(", ")));
    }
    let (class, claim) = precedence.judge(request).map_err(|why| Refusal::Priority {
        why,
        accepted: precedence.accepted(),
    })?;
    match claim {
        Claim::None => {}
        Claim::Honoured => desk.counters.priority_honoured.add_one(),
        Claim::Ignored => desk.counters.priority_ignored.add_one(),
    }
    desk.admission
        .invited(request.source.ip(), class, desk.now())
        .map_err(Refusal::Limit)?;
    Ok(class)
}

fn reinvite(desk: &Desk, invite: Invite) {
    let id = invite.dialog.id().clone();
    if let Err(Mail::Reinvite(invite)) = desk.deliver(&id, Mail::Reinvite(Box::new(invite))) {
        no_dialog(desk, invite.transaction.as_ref());
    }
}

fn other(desk: &Desk, request: Request, transaction: Box<dyn ServerTransaction>) {
    if request.in_dialog {
        let id = request.dialog.clone();
        if let Err(Mail::Request(_, transaction)) =
            desk.deliver(&id, Mail::Request(Box::new(request), transaction))
        {
            no_dialog(desk, transaction.as_ref());
        }
        return;
    }
    match request.method {
        Method::Options => options(desk, transaction.as_ref()),
        Method::Bye => no_dialog(desk, transaction.as_ref()),
        Method::Invite | Method::Other => no_method(desk, transaction.as_ref()),
    }
}

/// Answers OPTIONS with what we can.
pub(super) fn options(desk: &Desk, transaction: &dyn ServerTransaction) {
    desk.counters.options.add_one();
    let response = Response::new(200)
        .with("Allow", ALLOW)
        .with("Accept", crate::sdp::CONTENT_TYPE);
    let precedence = &desk.settings.precedence;
    transaction.respond(if precedence.is_on() {
        response
            .with("Supported", OPTION_TAG)
            .with("Accept-Resource-Priority", precedence.accepted())
    } else {
        response.with("Supported", "")
    });
}

/// Refuses a method we do not serve.
pub(super) fn no_method(desk: &Desk, transaction: &dyn ServerTransaction) {
    desk.counters.refused_method.add_one();
    transaction.respond(Response::refusal(405, "method not served").with("Allow", ALLOW));
}

/// Refuses a request of a call that is not, or no longer, here.
pub(super) fn no_dialog(desk: &Desk, transaction: &dyn ServerTransaction) {
    desk.counters.refused_no_dialog.add_one();
    transaction.respond(Response::refusal(481, "no such call"));
}
