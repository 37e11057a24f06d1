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

/// Returns a warning for each path of a container that gets another volume or folder than it had:
/// what is in the old one is no longer seen.
pub(super) fn replaced(before: &Before, after: &After, step: &Step) -> Vec<String> {
    let (old, new) = (&before.file.services, &after.file.services);
    let (Some(old), Some(new)) = (old.get(&step.service), new.get(&step.service)) else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    for mount in new.volumes.iter().filter(|it| !it.read_only) {
        let target = mount.target.trim_end_matches('/');
        let mut had = old.volumes.iter().filter(|it| !it.read_only);
        let Some(had) = had.find(|it| it.target.trim_end_matches('/') == target) else { continue };
        let from = name_of(&before.file, had.kind, &had.source);
        let to = name_of(&after.file, mount.kind, &mount.source);
        if from != to {
            warnings.push(format!(
                "`{}` would start empty at `{target}`, unless `{to}` holds its data already: \
                 `{from}` stays behind; keep its name, or copy it first",
                step.service
            ));
        }
    }
    warnings
}
