//! Secrets: random text, or a login with its hash.

use homelab_core::access::{self, Access};
use homelab_core::project::Project;
use homelab_core::resource::{Secret, SecretContent};

use crate::error::Error;
use crate::file::{Folder, Owned};
use crate::host::Person;
use crate::house::House;
use crate::ui::Ui;

/// Work factor of the hash; about a quarter of a second for each login on a small computer.
const COST: u32 = 12;

/// Letters and digits that nobody mistakes for one another: 32, so 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Makes every secret that does not exist; `false` when all are there.
///
/// A password is shown as soon as the file with its hash is there, and before anything else
/// can fail; when it cannot be shown the file is removed, so that the next run makes another.
pub(super) fn make_missing(
    ui: &mut Ui,
    house: &House,
    folder: &Folder,
    project: &Project<'_>,
    login_user: &str,
) -> Result<bool, Error> {
    let mut made = false;
    // Open to its owner only. What is in it is mounted by the engine, which is root.
    let owner = Person::current().map(|it| (it.uid, it.gid));
    let folder = folder.make("secrets", Owned { owner, mode: 0o700 })?;
    for secret in house.stack.secrets() {
        let path = house.path(&secret.file());
        let name = secret.name();
        super::show_removed(ui, folder.remove_leftovers(name));
        if folder.has(name)? {
            continue;
        }
        let (text, password) = content(secret, login_user)?;
        // Without a user that serves all readers it stays with the person who runs this.
        let access = access::required(project, name).ok();
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

fn content(secret: Secret, login_user: &str) -> Result<(String, Option<String>), Error> {
    match secret.content() {
        SecretContent::Random => {
            let bytes = random::<32>()?;
            let digit = |it: u8| char::from(b"0123456789abcdef"[usize::from(it)]);
            let digits = bytes.iter().flat_map(|it| [digit(it >> 4), digit(it & 15)]);
            Ok((digits.collect(), None))
        }
        SecretContent::ProxyLogin => {
            let password = password(random::<20>()?);
            let hash = bcrypt::hash(&password, COST).map_err(Error::Hash)?;
            Ok((format!("{login_user} {hash}\n"), Some(password)))
        }
    }
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes)
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
    fn a_login_is_a_line_that_verifies_and_random_text_has_no_line_break() {
        let (line, shown) = content(Secret::proxy_login("login"), "admin")
            .expect("the system gives random numbers");
        let hash = line.strip_prefix("admin ").and_then(|it| it.strip_suffix('\n'));
        let shown = shown.expect("a login has a password");
        let hash = hash.expect("user, space, hash, line break");
        assert!(hash.starts_with("$2b$12$"), "{hash}");
        assert!(bcrypt::verify(shown, hash).expect("the hash is one of bcrypt"));

        let (text, shown) =
            content(Secret::random("a"), "").expect("the system gives random numbers");
        assert_eq!((text.len(), shown), (64, None));
        assert!(text.bytes().all(|it| it.is_ascii_hexdigit()));
    }
}
