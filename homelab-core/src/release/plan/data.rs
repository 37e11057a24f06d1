//! Lists what a plan does to volumes and folders: they are used, move to a new container or stay
//! behind. Nothing is ever removed.

use super::{Action, After, Before, Fate, Step, Touched};
use crate::compose::{File, MountKind};

/// Returns the real name of a volume, or the folder.
fn name_of(file: &File, kind: MountKind, source: &str) -> String {
    match kind {
        MountKind::Volume => format!("volume {}", file.volume_name(source)),
        MountKind::Bind => source.to_owned(),
    }
}

/// Returns the volumes and folders that a step touches.
pub(super) fn touched(before: &Before, after: &After, step: &Step) -> Vec<Touched> {
    let old = before.file.services.get(&step.service);
    let new = after.file.services.get(&step.service);
    let (side, file, fate) = match step.action {
        Action::Created => (new, &after.file, Fate::New),
        Action::Recreated => (new, &after.file, Fate::Remounted),
        Action::Stopped => (old, &before.file, Fate::Left),
        Action::Started | Action::Unchanged => return Vec::new(),
    };
    let writable = side.into_iter().flat_map(|it| &it.volumes).filter(|it| !it.read_only);
    let had = |it: &str| old.is_some_and(|old| old.volumes.iter().any(|mount| mount.source == it));
    let touched = writable.map(|mount| Touched {
        source: name_of(file, mount.kind, &mount.source),
        service: step.service.clone(),
        fate: if fate == Fate::Remounted && !had(&mount.source) { Fate::New } else { fate },
    });
    let mut touched: Vec<_> = touched.collect();
    if step.action == Action::Recreated {
        let kept =
            |it: &str| new.is_some_and(|new| new.volumes.iter().any(|mount| mount.source == it));
        let old = old.into_iter().flat_map(|it| &it.volumes);
        let left = old.filter(|it| !it.read_only && !kept(&it.source));
        touched.extend(left.map(|mount| Touched {
            source: name_of(&before.file, mount.kind, &mount.source),
            service: step.service.clone(),
            fate: Fate::Left,
        }));
    }
    touched
}
