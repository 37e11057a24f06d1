//! Who is asked for a login by a site, and on which paths nobody is.

use indexmap::{IndexMap, IndexSet};

use super::{Block, ProxySite};

/// Directives that ask for a login.
const ASK: &[&str] = &["basic_auth", "basicauth", "forward_auth"];

/// Whether a site or a snippet asks for a login, with the snippets that it imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SiteLogin {
    guarded: bool,
    /// Variables, each with its value, on which it does not ask.
    unless: IndexSet<Vec<String>>,
    /// The arguments of each `vars`.
    sets: IndexSet<Vec<String>>,
}

impl SiteLogin {
    fn import(&mut self, snippet: &Self) {
        self.guarded |= snippet.guarded;
        self.unless.extend(snippet.unless.iter().cloned());
        self.sets.extend(snippet.sets.iter().cloned());
    }
}

impl ProxySite {
    /// Whether the proxy asks for a login on every path but [`ProxySite::open_paths`], by the site's
    /// own lines or a snippet that it imports.
    pub fn is_guarded(&self) -> bool {
        let is_confined = |it: Option<&String>| it.is_some_and(|it| self.paths_of(it).is_some());
        self.login.guarded && self.opens().all(is_confined)
    }

    /// Returns the paths on which a guarded site sets a variable so that nobody asks for a login.
    pub fn open_paths(&self) -> Vec<&str> {
        let opens = self.opens().filter_map(|matcher| self.paths_of(matcher?)).flatten();
        opens.map(String::as_str).collect()
    }

    /// Returns the matcher of each line that sets a variable on which nobody asks; `None` is every
    /// request.
    fn opens(&self) -> impl Iterator<Item = Option<&String>> {
        self.login.sets.iter().filter_map(|words| match words.split_first()? {
            (matcher, set) if matcher.starts_with(['@', '/', '*']) => {
                self.login.unless.contains(set).then_some(Some(matcher))
            }
            _ => self.login.unless.contains(words).then_some(None),
        })
    }

    /// Returns the paths to which a matcher is confined; `None` when it is to none.
    fn paths_of(&self, matcher: &str) -> Option<&[String]> {
        let block = self.matcher(matcher)?;
        let path = block.children.iter().find_map(|it| {
            it.tokens.split_first().filter(|(kind, paths)| *kind == "path" && !paths.is_empty())
        });
        path.map(|it| it.1)
    }

    fn matcher(&self, name: &str) -> Option<&Block> {
        self.block.children.iter().find(|it| it.tokens.first().is_some_and(|it| it == name))
    }

    /// Whether its own lines ask for a login.
    fn asks(&self) -> bool {
        // With another matcher it would ask on some paths only. (The first argument of
        // `forward_auth` is its upstream.)
        let everywhere = |words: &[String]| {
            !words.iter().any(|it| it.starts_with(['/', '@']) && self.exceptions(it).is_none())
        };
        ASK.iter().any(|name| self.directives(name).any(everywhere))
    }

    /// Returns the variables on which a matcher does not match; `None` when it leaves out more.
    fn exceptions(&self, matcher: &str) -> Option<Vec<Vec<String>>> {
        let excepted = |not: &Block| match (not.tokens.as_slice(), not.children.as_slice()) {
            ([not], [set]) if not == "not" => {
                set.tokens.split_first().filter(|(kind, _)| *kind == "vars").map(|it| it.1.to_vec())
            }
            _ => None,
        };
        self.matcher(matcher)?.children.iter().map(excepted).collect()
    }

    /// Returns what its own lines say of the login.
    fn own_login(&self) -> SiteLogin {
        let words = ASK.iter().flat_map(|name| self.directives(name)).flatten();
        SiteLogin {
            guarded: self.asks(),
            unless: words.filter_map(|it| self.exceptions(it)).flatten().collect(),
            sets: self.directives("vars").map(<[String]>::to_vec).collect(),
        }
    }
}

/// Marks the sites and snippets that ask for a login, themselves or by a snippet that they import.
///
/// A snippet that no label defines counts as one that asks for a login. Without the snippet the
/// proxy drops the site; and if a file of the proxy defines it, nobody can tell that it does not
/// ask.
pub(super) fn guard(sites: &mut [ProxySite]) {
    loop {
        let before: Vec<_> = sites.iter().map(|it| it.login.clone()).collect();
        let snippets: IndexMap<String, SiteLogin> = sites
            .iter()
            .filter_map(|it| Some((it.snippet()?.to_owned(), it.login.clone())))
            .collect();
        for site in sites.iter_mut() {
            let mut login = site.own_login();
            for name in site.imports() {
                match snippets.get(name) {
                    Some(snippet) => login.import(snippet),
                    None => login.guarded = true,
                }
            }
            site.login = login;
        }
        if sites.iter().map(|it| &it.login).eq(&before) {
            return;
        }
    }
}
