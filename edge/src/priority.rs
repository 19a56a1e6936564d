//! The class of a call that comes in by SIP: what it claims, who may claim it, and what it gets otherwise (D15).
//!
//! A caller says how much a call matters in three ways: `Resource-Priority` (RFC 4412), `Priority` (RFC 3261, section
//! 20.26), and by dialling an emergency service (`urn:service:sos`, RFC 5031). Anybody can write such a header, so a claim
//! counts from trusted networks alone; but to be less than what one would be given anyway is free to all.
//!
//! Control side, without state.

mod namespaces;

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use talkpath_engine::Priority;

use crate::sip::message::Request;

/// The option tag of RFC 4412.
pub const OPTION_TAG: &str = "resource-priority";
/// The service of emergency calls and all below it (RFC 5031, section 4.2).
const SOS: &str = "urn:service:sos";

/// Settings: who may claim a class, and which. The default trusts nobody.
#[derive(Debug, Clone, PartialEq)]
pub struct Precedence {
    /// Networks whose claims count.
    pub trusted: Vec<IpNet>,
    /// Users that are dialled for help as `urn:service:sos` is.
    pub sos_users: Vec<String>,
    /// The user that gets calls to `urn:service:sos`, and to those of [`sos_users`](Self::sos_users) nobody here is called.
    pub sos: Option<String>,
    /// Class by resource value: `NAMESPACE.VALUE`, or `NAMESPACE` for those of its values that are not named.
    pub namespaces: BTreeMap<String, Priority>,
    /// Class by the value of `Priority`.
    pub header: BTreeMap<String, Priority>,
    /// Class of a call that claims none, by the user that was dialled: all of it, or its beginning and `*`.
    pub dialled: BTreeMap<String, Priority>,
}

impl Default for Precedence {
    fn default() -> Self {
        let header = [
            ("emergency", Priority::Emergency),
            ("urgent", Priority::High),
            ("non-urgent", Priority::Low),
        ];
        let owned = |(name, class): (&str, Priority)| (name.to_owned(), class);
        Self {
            trusted: Vec::new(),
            sos_users: Vec::new(),
            sos: None,
            namespaces: namespaces::DEFAULTS.iter().copied().map(owned).collect(),
            header: header.into_iter().map(owned).collect(),
            dialled: BTreeMap::new(),
        }
    }
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// There was none.
    None,
    /// It counts.
    Honoured,
    /// Not from a trusted network, or nothing that is known here.
    Ignored,
}

/// Why a call that requires `resource-priority` cannot have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    /// RFC 4412, section 4.6.2: 417.
    #[error("none of the resource priorities is known here")]
    Unknown,
    /// RFC 4412, section 4.6.4: 403.
    #[error("no priority is taken from this network")]
    NotTrusted,
}

impl Precedence {
    /// True if anybody may claim anything: only then is the extension one of ours.
    pub fn is_on(&self) -> bool {
        !self.trusted.is_empty()
    }

    /// The class a call gets, and what became of its claim.
    ///
    /// # Errors
    /// The call requires that its claim be honoured, which it is not.
    pub fn judge(&self, request: &Request) -> Result<(Priority, Claim), NotServed> {
        let (values, trusted) = (&request.claims.resource, self.trusts(request.source.ip()));
        let resource = values.iter().filter_map(|value| self.class_of(value)).min();
        let required = request.required.iter().any(|tag| is_option(tag));
        if required && !values.is_empty() {
            match resource {
                None => return Err(NotServed::Unknown),
                Some(_) if !trusted => return Err(NotServed::NotTrusted),
                Some(_) => {}
            }
        }
        let sos = self.is_sos(&request.user).then_some(Priority::Emergency);
        let header = request.claims.priority.as_ref();
        let header = header.and_then(|value| self.header.get(value).copied());
        let otherwise = self.unclaimed(&request.user);
        Ok(match sos.or(resource).or(header) {
            Some(class) if trusted || class >= otherwise => (class, Claim::Honoured),
            None if values.is_empty() => (otherwise, Claim::None),
            _ => (otherwise, Claim::Ignored),
        })
    }

    /// Who a call to `user` is for, if that is not `user`.
    pub fn stands_in(&self, user: &str) -> Option<&str> {
        self.sos.as_deref().filter(|_| self.is_sos(user))
    }

    /// All resource values with a class, as `Accept-Resource-Priority` has them. A namespace nobody has registered is
    /// listed by those of its values that are named.
    pub fn accepted(&self) -> String {
        let each = self
            .namespaces
            .keys()
            .flat_map(|name| namespaces::values(name));
        let mut all: Vec<_> = each
            .filter(|value| self.class_of(value).is_some())
            .collect();
        all.sort();
        all.dedup();
        all.join(", ")
    }

    fn trusts(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.trusted.iter().any(|network| network.contains(&source))
    }

    /// The class of one resource value.
    fn class_of(&self, value: &str) -> Option<Priority> {
        let (namespace, _) = value.split_once('.')?;
        let exact = self.namespaces.get(value);
        let whole = || {
            let class = self.namespaces.get(namespace)?;
            namespaces::may_have(namespace, value).then_some(class)
        };
        exact.or_else(whole).copied()
    }

    fn is_sos(&self, user: &str) -> bool {
        let service = user
            .get(..SOS.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(SOS));
        let below = service && matches!(user.as_bytes().get(SOS.len()), None | Some(b'.'));
        below || self.sos_users.iter().any(|sos| sos == user)
    }

    /// The class of a call to `user` that claims none. The longest pattern decides.
    fn unclaimed(&self, user: &str) -> Priority {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(begin) => user.starts_with(begin),
            None => user == pattern,
        };
        let fitting = self.dialled.iter().filter(|(pattern, _)| fits(pattern));
        let longest = fitting.max_by_key(|(pattern, _)| (!pattern.ends_with('*'), pattern.len()));
        longest.map_or(Priority::default(), |(_, class)| *class)
    }
}

/// True for the option tag of RFC 4412.
pub fn is_option(tag: &str) -> bool {
    tag.eq_ignore_ascii_case(OPTION_TAG)
}

#[cfg(test)]
mod tests;
