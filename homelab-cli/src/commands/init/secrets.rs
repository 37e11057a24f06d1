//! Secrets: random text, a login with its hash, or what the household gives.

use homelab_core::compose::limits;
use homelab_core::dsl::resource::{Secret, SecretContent};
use homelab_core::model::access::{self, Access};
use homelab_core::model::project::Project;

use super::given::{self, Given};
use crate::bytes::{hex, random};
use crate::error::Error;
use crate::file::{Folder, Owned};
use crate::host::Person;
use crate::house_folder::HouseFolder;
use crate::settings::Settings;
use crate::ui::Ui;

/// Work factor of the hash, the least there is: about a millisecond for each guess. The password
/// has 100 random bits, which nobody guesses at any speed; a higher one only lets a flood of wrong
/// logins take the processor from every site.
const COST: u32 = 4;

/// Letters and digits that nobody mistakes for one another: 32, so 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// What decides which secrets are made, and how.
pub(super) struct Maker<'a> {
    pub(super) house: &'a HouseFolder,
    pub(super) settings: &'a Settings,
    pub(super) project: &'a Project<'a>,
    /// The secret of `--secret`.
    pub(super) given: Option<Given>,
}

impl Maker<'_> {
    /// Makes every secret that does not exist; `false` when nothing was made. A given one is made
    /// only of what the household gives.
    ///
    /// A password is shown as soon as the file with its hash is there, and before anything else
    /// can fail; when it cannot be shown the file is removed, so that the next run makes another.
    pub(super) fn make_missing(
        &self,
        ui: &mut Ui,
        folder: &Folder,
        login_user: &str,
    ) -> Result<bool, Error> {
        let mut made = false;
        // Open to its owner only. What is in it is mounted by the engine, which is root.
        let owner = Person::current().map(|it| (it.uid, it.gid));
        let folder = folder.make("secrets", Owned { owner, mode: 0o700 })?;
        for secret in self.house.secrets() {
            let path = self.house.path(&secret.file());
            let name = secret.name();
            super::show_removed(ui, folder.remove_leftovers(name));
            if folder.has(name)? {
                self.is_the_same(&folder, name)?;
                continue;
            }
            let Some((text, password)) = self.content(ui, secret, login_user)? else { continue };
            // Without a user that serves all readers it stays with the person who runs this.
            let access = access::required(self.project, name).ok();
            if folder.create(name, &text, owned(access.as_ref()))? {
                made = true;
                ui.done("created", path.display());
                if let Some(password) = password {
                    show(ui, login_user, &password).inspect_err(|_| folder.remove(name))?;
                }
            }
        }
        Ok(made)
    }

    /// Fails when a secret that is there is given again with another text.
    fn is_the_same(&self, folder: &Folder, name: &str) -> Result<(), Error> {
        let Some((_, text)) = self.given.as_ref().filter(|it| it.0.name() == name) else {
            return Ok(());
        };
        let there = folder.read(name, limits::VALUE)?;
        if there.is_some_and(|it| it.0 != *text) {
            return Err(Error::OtherSecret(self.house.path("secrets").join(name)));
        }
        Ok(())
    }

    /// The text of a secret, with the password that is shown; `None` for one that is not given yet.
    fn content(
        &self,
        ui: &mut Ui,
        secret: Secret,
        login_user: &str,
    ) -> Result<Option<(String, Option<String>)>, Error> {
        if secret.content() != SecretContent::Given {
            return invented(secret, login_user).map(Some);
        }
        let text = match &self.given {
            Some((given, text)) => (given.name() == secret.name()).then(|| text.clone()),
            None if given::is_needed(secret, self.settings, self.project) => {
                given::asked(ui, secret)?
            }
            None => None,
        };
        Ok(text.map(|it| (it, None)))
    }
}

/// Shows the login, once.
fn show(ui: &mut Ui, user: &str, password: &str) -> Result<(), Error> {
    ui.note(
        "\nthe login for the panels that the proxy guards; write it down, it is stored nowhere:",
    );
    ui.data(format_args!("user      {user}\npassword  {password}"))?;
    ui.note("");
    Ok(())
}

fn owned(access: Option<&Access>) -> Owned {
    match access {
        Some(it) => Owned { owner: Some((it.uid, it.gid)), mode: it.mode },
        None => Owned { owner: None, mode: 0o600 },
    }
}

/// The text of a secret that this program makes, with the password that is shown.
fn invented(secret: Secret, login_user: &str) -> Result<(String, Option<String>), Error> {
    if secret.content() == SecretContent::ProxyLogin {
        let password = password(random::<20>()?);
        let hash = bcrypt::hash(&password, COST).map_err(Error::Hash)?;
        let begins = beginning(login_user);
        return Ok((format!("{login_user} {hash} # {begins}\n"), Some(password)));
    }
    Ok((hex(&random::<32>()?), None))
}

/// How the credentials of a user begin in Base64, as a regular expression: the proxy refuses all
/// others before it compares passwords, see `homelab-core/src/proxy/caddy.rs`.
///
/// Three bytes are four letters; what is left of `<user>:` decides its letters but for some bits
/// of the last, which the password has.
fn beginning(user: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |it: u32| char::from(LETTERS[it as usize % 64]);
    let mut text = String::new();
    for bytes in format!("{user}:").into_bytes().chunks(3) {
        let bits =
            (0..3).fold(0, |bits, at| bits << 8 | bytes.get(at).copied().map_or(0, u32::from));
        let known = bytes.len() * 8;
        for at in 0..4_usize {
            let open = ((at + 1) * 6).saturating_sub(known).min(6);
            let first = bits >> (18 - 6 * at);
            match open {
                0 => text.push(letter(first)),
                6 => {}
                _ => {
                    let any = (0..1 << open).map(|it| letter((first & 63) + it));
                    text.extend(std::iter::once('[').chain(any).chain([']']));
                }
            }
        }
    }
    text
}

/// Four groups of five characters: 100 bits.
fn password(bytes: [u8; 20]) -> String {
    let letter = |it: &u8| char::from(ALPHABET[usize::from(it % 32)]);
    let groups: Vec<String> = bytes.chunks(5).map(|it| it.iter().map(letter).collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_read_aloud_easily() {
        let bytes = std::array::from_fn(|it| u8::try_from(it * 13).expect("below 256"));
        insta::assert_snapshot!(password(bytes), @"ap4hw-bq5ix-cr6jy-ds7kz");
        assert!(ALPHABET.windows(2).all(|it| it[0] < it[1] || it == b"z2"), "each once");
    }

    #[test]
    fn credentials_begin_as_their_user_says() {
        assert_eq!(beginning("admin"), "YWRtaW46");
        // 4 bytes: 2 letters are said by `b`, `o`, `b`, `:` but for the last 4 bits.
        assert_eq!(beginning("bob"), "Ym9iO[ghijklmnopqrstuv]");
        assert_eq!(beginning("anna"), "YW5uYT[opqr]");
    }

    #[test]
    fn a_login_is_a_line_that_verifies_and_random_text_has_no_line_break() {
        let (line, shown) = invented(Secret::proxy_login("login"), "admin")
            .expect("the system gives random numbers");
        let hash = line.strip_prefix("admin ").and_then(|it| it.strip_suffix(" # YWRtaW46\n"));
        let shown = shown.expect("a login has a password");
        let hash = hash.expect("user, space, hash, beginning, line break");
        assert!(hash.starts_with("$2b$04$"), "{hash}");
        assert!(bcrypt::verify(shown, hash).expect("the hash is one of bcrypt"));

        let (text, shown) =
            invented(Secret::random("a"), "").expect("the system gives random numbers");
        assert_eq!((text.len(), shown), (64, None));
        assert!(text.bytes().all(|it| it.is_ascii_hexdigit()));
    }
}
