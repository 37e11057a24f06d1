//! Roles and states of a service: types that decide which methods a service has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod sealed {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a role: the roles are `Edge`, `App`, `Data` and `Agent`",
        label = "a role of its own",
        note = "a rule that knows nothing of a role cannot hold it: add the role to core, with its rules"
    )]
    pub trait IsRole {}

    pub trait IsState {}
}

/// What a service is in the stack. Sealed: the roles are the four of this module.
pub trait Role: sealed::IsRole {
    /// The role as a value.
    const KIND: RoleKind;
}

/// A role as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleKind {
    /// The reverse proxy.
    Edge,
    /// Opened by people in a browser.
    App,
    /// A database or cache.
    Data,
    /// Nobody connects to it from outside.
    Agent,
}

/// The reverse proxy: it publishes 80 and 443.
#[derive(Clone, Copy, Debug)]
pub enum Edge {}

/// A service that people open: it may have routes, tiles and published ports.
#[derive(Clone, Copy, Debug)]
pub enum App {}

/// A database or cache: no route and no published port.
#[derive(Clone, Copy, Debug)]
pub enum Data {}

/// A service into which nobody connects from outside the stack.
#[derive(Clone, Copy, Debug)]
pub enum Agent {}

macro_rules! roles {
    ($($role:ident),*) => {$(
        impl sealed::IsRole for $role {}
        impl Role for $role {
            const KIND: RoleKind = RoleKind::$role;
        }
    )*};
}

roles!(Edge, App, Data, Agent);

/// Decides which roles people open in a browser: those have routes, redirects and tiles.
#[diagnostic::on_unimplemented(
    message = "a service of the role `{Self}` has no route, no redirect and no tile",
    label = "only a service that people open in a browser has it",
    note = "make it with `Service::app(…)`; a database is reached by its clients alone, with `.uses(&handle)`"
)]
pub trait Routed: Role {}

impl Routed for App {}

/// Decides which roles publish ports on the host.
#[diagnostic::on_unimplemented(
    message = "a service of the role `{Self}` publishes no port on the host",
    label = "only `Service::app(…)` and the proxy publish ports",
    note = "a database or agent on the host's addresses is open to the whole network: its clients reach it with `.uses(&handle)`"
)]
pub trait Published: Role {}

impl Published for App {}
impl Published for Edge {}

/// What a service keeps. Sealed: [`Stateless`], [`Precious`], [`Unattended`].
pub trait State: sealed::IsState {}

/// It keeps nothing that hurts to lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stateless {}

/// It keeps what hurts to lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precious {}

/// It keeps nothing, and the updater may replace it without review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unattended {}

impl sealed::IsState for Stateless {}
impl sealed::IsState for Precious {}
impl sealed::IsState for Unattended {}
impl State for Stateless {}
impl State for Precious {}
impl State for Unattended {}

/// Decides which services the updater may replace without review.
#[diagnostic::on_unimplemented(
    message = "a service that keeps `{Self}` state cannot be updated without review",
    label = "only a service without precious mounts, and only once",
    note = "a bad release would ruin the data before anybody looks; `homelab images` moves its pin, and merging that deploys it"
)]
pub trait Replaceable: State {}

impl Replaceable for Stateless {}

/// Decides which kinds of mount a service may have, and which state the service has then.
#[diagnostic::on_unimplemented(
    message = "a service that updates itself unattended cannot hold precious state",
    label = "this mount is precious, and the service has opted in to unattended updates",
    note = "remove `.update_unattended(…)`: a bad release would ruin the data before anybody looks"
)]
pub trait Holds<K>: State {
    /// The service's state after the mount.
    type Then: State;
}

impl Holds<Stateless> for Stateless {
    type Then = Self;
}
impl Holds<Precious> for Stateless {
    type Then = Precious;
}
impl Holds<Stateless> for Precious {
    type Then = Self;
}
impl Holds<Precious> for Precious {
    type Then = Self;
}
impl Holds<Stateless> for Unattended {
    type Then = Self;
}
// No mount has this kind. It exists so that there are two implementations: with one alone, the
// compiler would report a "mismatched type" instead of the missing implementation.
impl Holds<()> for Unattended {
    type Then = Self;
}
