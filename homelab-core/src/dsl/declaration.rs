//! Data about a house that travels with a release, besides its Compose file.
//!
//! A program on a host judges a release by what that release declares: its variables, its secrets
//! and the facts about its images. The program may have been built for another house, so it does
//! not use its own declarations.

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use crate::dsl::contract::Contract;
use crate::dsl::resource::Secret;
use crate::dsl::stack::{Proxy, Stack};
use crate::dsl::units::Memory;
use crate::dsl::variable::EnvVar;

/// Path of its file in a release.
pub const DECLARATION: &str = "config/house.json";

/// What a house declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Declaration {
    /// The project's folder on the host.
    #[serde(default, deserialize_with = "understood_one", skip_serializing_if = "Option::is_none")]
    pub house: Option<EnvVar>,
    /// The domain that every host name ends with.
    #[serde(default, deserialize_with = "understood_one", skip_serializing_if = "Option::is_none")]
    pub domain: Option<EnvVar>,
    /// Who issues the certificates.
    #[serde(default, deserialize_with = "understood_one", skip_serializing_if = "Option::is_none")]
    pub tls: Option<EnvVar>,
    /// Memory that stays for the operating system, the engine and the page cache, in MiB.
    pub reserve: Memory,
    /// Names of the profiles.
    pub profiles: Vec<String>,
    /// Names of the profiles that the host never switches on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<String>,
    /// Groups of profiles, of each of which only one may be on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusive: Vec<Vec<String>>,
    /// Every variable of `.env`.
    #[serde(deserialize_with = "understood")]
    pub variables: Vec<EnvVar>,
    /// Every secret.
    pub secrets: Vec<Secret>,
    /// What is known of the images that it runs.
    #[serde(deserialize_with = "understood")]
    pub contracts: Vec<Contract>,
}

impl Declaration {
    /// Gathers what a stack declares.
    pub fn of(stack: &Stack) -> Self {
        let site = stack.site();
        let runs = |contract: &&Contract| {
            let images = stack.images();
            images.iter().any(|it| contract.holds_for(it.repository(), Some(it.tag())))
        };
        Self {
            house: Some(site.house),
            domain: Some(site.domain),
            tls: site.proxy.map(Proxy::tls),
            reserve: site.reserve,
            profiles: names(site.profiles.iter().map(|it| it.name())),
            never: names(site.never.iter().map(|it| it.name())),
            exclusive: site.exclusive().into_iter().map(names).collect(),
            variables: site.variables.to_vec(),
            secrets: stack.secrets(),
            contracts: stack.catalogue().iter().filter(runs).cloned().collect(),
        }
    }

    /// Makes the declaration that a Compose file alone tells: the names of its profiles and secrets.
    pub fn of_names<'a>(
        profiles: impl IntoIterator<Item = &'a str>,
        secrets: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            house: None,
            domain: None,
            tls: None,
            reserve: Memory::default(),
            profiles: names(profiles),
            never: Vec::new(),
            exclusive: Vec::new(),
            variables: Vec::new(),
            secrets: secrets.into_iter().filter_map(Secret::parse).collect(),
            contracts: Vec::new(),
        }
    }

    /// Writes the text of its file.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("it is a struct with string keys, which JSON can hold") + "\n"
    }

    /// Reads the text of its file.
    ///
    /// # Errors
    ///
    /// A text that is no declaration, with what was expected and where.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|it| it.to_string())
    }
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// Entries of a list of a declaration: far more than a house has.
const ENTRIES: usize = 1000;

/// Reads a list and leaves out what a newer program may have written in words of its own: a host judges
/// by the rest.
fn understood<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let all = Vec::<serde_json::Value>::deserialize(from)?;
    if all.len() > ENTRIES {
        let message = format!("{} entries of one list, expected at most {ENTRIES}", all.len());
        return Err(D::Error::custom(message));
    }
    Ok(all.into_iter().filter_map(|it| serde_json::from_value(it).ok()).collect())
}

/// The same for a single value.
fn understood_one<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsl::resource::SecretContent;
    use crate::testing::good;

    #[test]
    fn a_declaration_survives_its_text() {
        let declared = Declaration::of(&good());
        let text = declared.text();
        assert_eq!(Declaration::parse(text.as_bytes()), Ok(declared.clone()));
        assert!(declared.secrets.len() == 2 && declared.variables.len() == 5, "{text}");
        assert!(!text.contains("example/old"), "the house does not run it");
        let mut stack = good();
        stack.site.never = stack.site.profiles;
        let declared = Declaration::of(&stack);
        assert_eq!(declared.never, ["notes"]);
        assert_eq!(Declaration::parse(declared.text().as_bytes()), Ok(declared));
    }

    #[test]
    fn what_a_definition_could_not_say_is_refused() {
        let text = Declaration::of(&good()).text();
        for (from, to, said) in [
            ("\"login\"", "\"../login\"", "is no name of a secret"),
            ("\"reserve\"", "\"more\"", "reserve"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = Declaration::parse(text.replace(from, to).as_bytes()).expect_err(to);
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_secret_that_a_newer_program_makes_otherwise_is_not_invented() {
        let text = Declaration::of(&good()).text();
        let text = text.replace("\"proxy-login\"", "\"key-pair\"");
        let read = Declaration::parse(text.as_bytes()).expect("a newer word is no fault");
        let login = read.secrets.iter().find(|it| it.name() == "login").expect("it is there");
        assert_eq!(login.content(), SecretContent::Given);
        assert_eq!(login.meaning(), "only a newer `homelab` knows how it is made");
    }

    #[test]
    fn a_word_of_a_newer_program_costs_no_more_than_what_it_is_about() {
        let text = Declaration::of(&good()).text();
        for (from, to, variables, contracts) in [
            ("\"DATA_ROOT\"", "\"data root\"", 2, 6),
            ("\"hostname\"", "\"name-of-tomorrow\"", 4, 6),
            ("\"/dumps\"", "\"dumps\"", 4, 6),
            ("\"database\"", "\"kind-of-tomorrow\"", 5, 5),
        ] {
            assert!(text.contains(from), "{from}: {text}");
            let read = Declaration::parse(text.replace(from, to).as_bytes()).expect(to);
            let left = (read.variables.len(), read.contracts.len());
            assert_eq!(left, (variables, contracts), "{to}");
        }
    }
}
