//! Questions to registries: TLS, tokens, time and size limits.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::challenge::Challenge;
use super::failure::Failure;
use super::name::{Name, is_loopback};

/// How long an answer may take, and how much it may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For one question with its redirects.
    pub(crate) time: Duration,
    /// Bytes of one page of tags.
    pub(crate) tags: u64,
    /// Pages of tags.
    pub(crate) pages: usize,
    /// Bytes of a manifest.
    pub(crate) manifest: u64,
    /// Bytes of an image's configuration.
    pub(crate) config: u64,
}

impl Default for Limits {
    /// 4 MiB are what registries themselves allow a manifest; the rest is far above what is seen.
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        let time = Duration::from_secs(30);
        Self { time, tags: 8 * MIB, pages: 500, manifest: 4 * MIB, config: 8 * MIB }
    }
}

/// Another address that is asked for a registry's images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    pub(crate) registry: String,
    pub(crate) address: String,
}

impl std::str::FromStr for Mirror {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (registry, address) = text.split_once('=').ok_or("expected `REGISTRY=HOST:PORT`")?;
        Ok(Self { registry: registry.to_owned(), address: address.to_owned() })
    }
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) path: &'a str,
    pub(super) accept: &'a str,
    /// Bytes that the answer may have.
    pub(super) limit: u64,
}

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    pub(super) digest: Option<String>,
    pub(super) link: Option<String>,
}

/// The connections, and the tokens that were given out.
#[derive(Debug)]
pub(super) struct Http {
    pub(super) limits: Limits,
    mirrors: Vec<Mirror>,
    tokens: HashMap<Name, String>,
    pub(super) remote: Agent,
    local: Agent,
}

/// What a token server sends; it has two names for it.
#[derive(Debug, Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// Bytes of a token.
const TOKEN: u64 = 256 * 1024;

impl Http {
    pub(super) fn new(limits: Limits, mirrors: Vec<Mirror>) -> Self {
        let config = || {
            Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(limits.time))
                .user_agent(concat!("homelab/", env!("CARGO_PKG_VERSION")))
        };
        Self {
            limits,
            mirrors,
            tokens: HashMap::new(),
            // Also after a redirect: no answer ever comes without TLS.
            remote: config().https_only(true).build().into(),
            local: config().proxy(None).build().into(),
        }
    }
    pub(super) fn get(&mut self, name: &Name, ask: &Ask<'_>) -> Result<Answer, Failure> {
        self.ask(name, ask, false)
    }

    /// The headers alone.
    pub(super) fn head(&mut self, name: &Name, ask: &Ask<'_>) -> Result<Answer, Failure> {
        self.ask(name, ask, true)
    }

    /// Scheme, host and port.
    pub(super) fn base(&self, name: &Name) -> String {
        let address = self.address(name);
        let scheme = if is_loopback(address) { "http" } else { "https" };
        format!("{scheme}://{address}")
    }

    fn address<'a>(&'a self, name: &'a Name) -> &'a str {
        let mirror = self.mirrors.iter().find(|it| it.registry == name.registry);
        mirror.map_or(name.address(), |it| &it.address)
    }

    fn ask(&mut self, name: &Name, ask: &Ask<'_>, head: bool) -> Result<Answer, Failure> {
        let mut response = self.send(name, ask, head)?;
        if response.status().as_u16() == 401 {
            // Nothing was given yet, or it is out of date.
            self.fetch_token(name, &response)?;
            response = self.send(name, ask, head)?;
        }
        let (address, path) = (self.address(name).to_owned(), ask.path.to_owned());
        match response.status().as_u16() {
            200 => {}
            401 | 403 => return Err(Failure::Login { name: name.clone(), address }),
            404 => return Err(Failure::Absent { address, path }),
            429 => return Err(Failure::Busy { address }),
            status => return Err(Failure::Status { address, status, path }),
        }
        let header = |it: &str| response.headers().get(it)?.to_str().ok().map(str::to_owned);
        let (digest, link) = (header("docker-content-digest"), header("link"));
        let body = if head { Vec::new() } else { self.body(name, ask, &mut response)? };
        Ok(Answer { body, digest, link })
    }

    fn send(&self, name: &Name, ask: &Ask<'_>, head: bool) -> Result<Response<Body>, Failure> {
        let (agent, url) = (self.agent(name), format!("{}{}", self.base(name), ask.path));
        let mut request = if head { agent.head(&url) } else { agent.get(&url) };
        request = request.header("accept", ask.accept);
        if let Some(token) = self.tokens.get(name) {
            // Not sent along with a redirect: blobs are kept by somebody else.
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.call().map_err(|it| self.transport(name, it))
    }

    fn body(
        &self,
        name: &Name,
        ask: &Ask<'_>,
        response: &mut Response<Body>,
    ) -> Result<Vec<u8>, Failure> {
        let read = response.body_mut().with_config().limit(ask.limit).read_to_vec();
        read.map_err(|error| {
            if let ureq::Error::BodyExceedsLimit(limit) = error {
                let address = self.address(name).to_owned();
                Failure::TooLong { address, path: ask.path.to_owned(), limit }
            } else {
                self.transport(name, error)
            }
        })
    }

    /// Gets a token for reading this image, as nobody in particular.
    fn fetch_token(&mut self, name: &Name, refusal: &Response<Body>) -> Result<(), Failure> {
        let address = self.address(name).to_owned();
        let login = || Failure::Login { name: name.clone(), address: address.clone() };
        let headers = refusal.headers().get_all("www-authenticate");
        let mut read = headers.iter().filter_map(|it| Challenge::parse(it.to_str().ok()?));
        let challenge = read.next().ok_or_else(login)?;
        let host = challenge.realm.strip_prefix("http://").unwrap_or_default();
        let host = host.split(['/', '?']).next().unwrap_or_default();
        // Without TLS only from this machine to itself.
        let is_local = is_loopback(&address) && is_loopback(host);
        if !challenge.realm.starts_with("https://") && !is_local {
            return Err(Failure::Realm { name: name.clone(), realm: challenge.realm });
        }
        let agent = if is_local { &self.local } else { &self.remote };
        let mut request =
            agent.get(&challenge.realm).query("scope", format!("repository:{}:pull", name.path));
        if let Some(service) = &challenge.service {
            request = request.query("service", service);
        }
        let mut response = request.call().map_err(|it| self.transport(name, it))?;
        match response.status().as_u16() {
            200 => {}
            429 => return Err(Failure::Busy { address }),
            status if status >= 500 => {
                return Err(Failure::Status { address, status, path: challenge.realm });
            }
            _ => return Err(login()),
        }
        let ask = Ask { path: &challenge.realm, accept: "", limit: TOKEN };
        let body = self.body(name, &ask, &mut response)?;
        let malformed = |source| Failure::Malformed { what: challenge.realm.clone(), source };
        let token: Token = serde_json::from_slice(&body).map_err(malformed)?;
        let token = token.token.or(token.access_token).ok_or_else(login)?;
        self.tokens.insert(name.clone(), token);
        Ok(())
    }

    fn agent(&self, name: &Name) -> &Agent {
        if is_loopback(self.address(name)) { &self.local } else { &self.remote }
    }

    fn transport(&self, name: &Name, source: ureq::Error) -> Failure {
        let address = self.address(name).to_owned();
        Failure::Transport { name: name.clone(), address, source: Box::new(source) }
    }
}
