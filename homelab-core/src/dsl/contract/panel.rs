//! The panel of an image, and who may enter it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsl::units::Port;

/// A panel in the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Panel {
    /// The port it is served on.
    pub port: Port,
    /// Who may enter it.
    pub login: PanelLogin,
    /// Paths, as matchers for the proxy, whose clients say a secret of their own, such as in the
    /// path: they need no login in front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public: Vec<String>,
    /// Variables by which the image makes an administrator at the start, before anybody visits; a
    /// variable of a secret's file counts as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub administrator: Vec<String>,
}

impl Panel {
    /// Makes a panel on this port, with this login.
    pub const fn new(port: Port, login: PanelLogin) -> Option<Self> {
        Some(Self { port, login, public: Vec::new(), administrator: Vec::new() })
    }

    /// Makes a panel that has paths whose clients say a secret of their own.
    pub fn with_public(port: Port, login: PanelLogin, public: &[&str]) -> Option<Self> {
        let public = public.iter().map(|it| (*it).to_owned()).collect();
        Some(Self { port, login, public, administrator: Vec::new() })
    }

    /// Makes a panel of [`PanelLogin::FirstVisitor`], whose wizard does not appear where one of these
    /// variables makes the administrator.
    pub fn unless(port: Port, login: PanelLogin, administrator: &[&str]) -> Option<Self> {
        let administrator = administrator.iter().map(|it| (*it).to_owned()).collect();
        Some(Self { port, login, public: Vec::new(), administrator })
    }
}

/// Who may enter a panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PanelLogin {
    /// Everybody: it has no accounts.
    None,
    /// Everybody, until the first visitor has made an account and is the administrator.
    FirstVisitor {
        /// Paths of the wizard, as matchers for the proxy; empty when they are not known. When a
        /// route closes all of them, a stranger cannot use the wizard.
        wizard: Vec<String>,
        /// Other paths, as matchers for the proxy, that answer everybody until the wizard has ended
        /// and only an administrator afterwards. They are all that change something or show the
        /// host.
        open: Vec<String>,
    },
    /// Everybody, until somebody changes the password that the image gives its administrator.
    DefaultPassword {
        /// The administrator's name.
        user: String,
        /// The password, which is the same in every house.
        password: String,
    },
    /// Those who have an account.
    BuiltIn,
}

impl PanelLogin {
    /// Makes a [`PanelLogin::FirstVisitor`].
    pub fn first_visitor(wizard: &[&str], open: &[&str]) -> Self {
        let owned = |paths: &[&str]| paths.iter().map(|it| (*it).to_owned()).collect();
        Self::FirstVisitor { wizard: owned(wizard), open: owned(open) }
    }

    /// Makes a [`PanelLogin::DefaultPassword`].
    pub fn default_password(user: &str, password: &str) -> Self {
        Self::DefaultPassword { user: user.to_owned(), password: password.to_owned() }
    }
}
