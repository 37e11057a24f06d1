//! What services write to, found by its path.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::compose::MountKind;
use crate::dsl::resource::Source;
use crate::model::project::Member;

/// Something that a service writes to.
pub(super) struct Written<'a> {
    pub(super) member: Member<'a>,
    pub(super) kind: MountKind,
    pub(super) source: String,
    /// The declaration that lets several services write there.
    pub(super) shared: Option<(Source, &'static str)>,
}

/// The paths that the services so far write to, in the order of the services.
#[derive(Default)]
pub(super) struct Seen<'a> {
    list: Vec<Written<'a>>,
    /// Positions of the paths that are exactly this one.
    at: IndexMap<PathBuf, Vec<usize>>,
    /// Positions of the paths that lie below this one.
    below: IndexMap<PathBuf, Vec<usize>>,
}

impl<'a> Seen<'a> {
    pub(super) fn push(&mut self, written: Written<'a>) {
        let position = self.list.len();
        let source = Path::new(&written.source);
        self.at.entry(source.to_owned()).or_default().push(position);
        for folder in source.ancestors().skip(1) {
            self.below.entry(folder.into()).or_default().push(position);
        }
        self.list.push(written);
    }

    /// Returns the paths that are the same one, contain it, or lie in it.
    pub(super) fn overlapping(&self, with: &Written<'_>) -> impl Iterator<Item = &Written<'a>> {
        let source = Path::new(&with.source);
        let above = source.ancestors().filter_map(|it| self.at.get(it));
        let near: BTreeSet<_> = above.chain(self.below.get(source)).flatten().collect();
        let near = near.into_iter().map(|it| &self.list[*it]);
        near.filter(|it| it.kind == with.kind && overlap(it.kind, &it.source, &with.source))
    }
}

fn overlap(kind: MountKind, one: &str, other: &str) -> bool {
    match kind {
        MountKind::Volume => one == other,
        MountKind::Bind => Path::new(one).starts_with(other) || Path::new(other).starts_with(one),
    }
}
