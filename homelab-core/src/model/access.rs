//! Computes the owner and mode of a secret's file that let exactly its readers read it.
//!
//! Compose ignores `uid`, `gid` and `mode` of file secrets, so the file on the host must have them.
//! A reader that is root with `DAC_OVERRIDE` or `DAC_READ_SEARCH` can read every file; every other
//! reader must be the file's owner or in its group.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::project::{Member, Project};

/// Owner and mode of a secret's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Access {
    /// Numeric user.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Permission bits: `0o400`, or `0o440` when the group reads too.
    pub mode: u32,
}

/// Readers that no owner and group can serve together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Each reader with its user and group.
    pub readers: Vec<(String, String)>,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let readers: Vec<_> =
            self.readers.iter().map(|(name, user)| format!("`{name}` as `{user}`")).collect();
        write!(f, "no owner and group let {} read it", readers.join(", "))
    }
}

impl std::error::Error for Conflict {}

/// Returns the owner and mode that a secret's file needs.
///
/// # Errors
///
/// [`Conflict`] when its readers have neither user nor group in common, or when a
/// reader's user is not numeric.
pub fn required(project: &Project<'_>, secret: &str) -> Result<Access, Conflict> {
    let readers: Vec<_> = project
        .readers(secret)
        .filter(|it| !overrides_permissions(project, it))
        .map(|it| (it.name.to_owned(), user(project, &it)))
        .collect();
    let conflict = || Conflict {
        readers: readers.iter().map(|(name, it)| (name.clone(), it.text.clone())).collect(),
    };
    let mut ids = Vec::new();
    for (_, user) in &readers {
        ids.push(user.ids.ok_or_else(conflict)?);
    }
    ids.sort_unstable();
    ids.dedup();
    let Some(&(uid, gid)) = ids.first() else {
        return Ok(Access { uid: 0, gid: 0, mode: 0o400 });
    };
    if ids.iter().all(|it| it.0 == uid) {
        return Ok(Access { uid, gid, mode: 0o400 });
    }
    for &(owner, _) in &ids {
        let others: Vec<_> = ids.iter().filter(|it| it.0 != owner).map(|it| it.1).collect();
        if others.iter().all(|it| *it == others[0]) {
            return Ok(Access { uid: owner, gid: others[0], mode: 0o440 });
        }
    }
    Err(conflict())
}

/// Returns the user and group of a service's first process; `None` when they are not numeric, or when
/// nobody knows the user of its image.
pub fn ids(project: &Project<'_>, member: &Member<'_>) -> Option<(u32, u32)> {
    let is_known =
        member.service.user.is_some() || member.contract().is_some_and(|it| !it.user.is_unknown());
    user(project, member).ids.filter(|_| is_known)
}

struct User {
    text: String,
    ids: Option<(u32, u32)>,
}

/// Returns the user of a service's first process: the service's own, else the image's, else root, which
/// reads no more than others do.
fn user(project: &Project<'_>, member: &Member<'_>) -> User {
    let known = member.contract().and_then(|it| it.user.get());
    let known = || known.map_or_else(|| "0".to_owned(), ToString::to_string);
    let text = member.service.user.as_ref().map_or_else(known, |user| project.resolve(user));
    let (uid, gid) = text.split_once(':').unwrap_or((&text, &text));
    let ids = uid.parse().ok().zip(gid.parse().ok());
    User { text, ids }
}

/// Whether a service's first process can read every file: it is root with the capability for it.
pub fn overrides_permissions(project: &Project<'_>, member: &Member<'_>) -> bool {
    let capable =
        member.service.cap_add.iter().any(|it| it == "DAC_OVERRIDE" || it == "DAC_READ_SEARCH");
    capable && user(project, member).ids.is_some_and(|it| it.0 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{good, spec};
    use crate::dsl::privilege::{Capability, User};

    #[test]
    fn readers_share_by_owner_and_group() {
        let stack = good();
        let project = Project::from_stack(&stack);
        // `db` and `dump` are 70:70, `web` is 1000:70.
        assert_eq!(required(&project, "db-password"), Ok(Access { uid: 70, gid: 70, mode: 0o440 }));
        assert_eq!(required(&project, "login"), Ok(Access { uid: 0, gid: 0, mode: 0o400 }));
    }

    #[test]
    fn three_strangers_conflict_unless_one_is_a_capable_root() {
        let mut stack = good();
        spec(&mut stack, "web").user = Some(User::Ids(1000, 1000));
        spec(&mut stack, "dump").user = Some(User::Ids(999, 999));
        let error = required(&Project::from_stack(&stack), "db-password")
            .expect_err("three users, three groups");
        insta::assert_snapshot!(error, @"no owner and group let `db` as `70:70`, `dump` as `999:999`, `web` as `1000:1000` read it");

        spec(&mut stack, "db").user = Some(User::Ids(0, 0));
        spec(&mut stack, "db").capabilities = vec![Capability::DacOverride];
        let project = Project::from_stack(&stack);
        assert_eq!(
            required(&project, "db-password"),
            Ok(Access { uid: 999, gid: 1000, mode: 0o440 })
        );
    }
}
