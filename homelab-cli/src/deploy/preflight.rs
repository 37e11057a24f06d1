//! What has to be right before anything is touched: the host, its disks, and what Compose says.

use std::path::Path;
use std::rc::Rc;

use homelab_core::checks;
use homelab_core::checks::finding::{Finding, Severity};
use homelab_core::compose::ServiceSecret;
use homelab_core::dsl::units::Memory;
use homelab_core::model::project::Project;
use homelab_core::release::plan::Plan;

use super::dump::Database;
use super::files::LITTLE;
use super::health;
use super::networks;
use super::place::{self, HousePlace};
use super::wanted::Wanted;
use crate::docker::seen::{self, Seen};
use crate::error::Error;
use crate::host::Host;
use crate::house_folder::HouseFolder;
use crate::inspect::{self, Context, docker};
use crate::program::Limit;
use crate::settings::Settings;

/// Free space that unpacking new images needs at least.
const MUCH: Memory = Memory::gib(1);

/// Runs every check; the errors are the reason to refuse.
///
/// The program that was installed on the host judges the release by what the release itself says: its
/// file and its declaration, and not the house that is compiled in.
pub(crate) fn check(
    place: &HousePlace,
    wanted: &Wanted,
    seen: &Seen,
    pulls: bool,
    plan: &Plan,
) -> Result<Vec<Finding>, Error> {
    let release = place.release(&wanted.manifest.release);
    let house = HouseFolder::new(Rc::clone(&place.house), place.root.clone(), "/".into())?
        .with_release(release, wanted.declared.clone());
    let settings = Settings::new(place.dotenv(), Some(wanted.values.clone()));
    let values = settings.values(&wanted.declared);
    let project =
        Project::from_file(wanted.raw.clone(), &wanted.declared.contracts).with_values(values);
    let names = settings.profiles();
    let engine = docker::folder();
    let context = Context {
        house: &house,
        settings: &settings,
        project: &project,
        profiles: &names,
        engine: engine.clone(),
    };
    let mut findings = inspect::before_a_deploy(&context);
    let dumps = databases(wanted, seen, plan)?;
    findings.extend(room(&place.root, LITTLE + dumps, "the house's folder")?);
    // An engine that does not answer is a finding already.
    if pulls && let Some(folder) = engine {
        let much = u64::from(MUCH.as_mib()) << 20;
        findings.extend(room(Path::new(&folder), much, "Docker's folder")?);
    }
    findings.extend(config(place, wanted)?);
    findings.extend(other_secrets(wanted, seen));
    findings.extend(networks::foreign(wanted, seen));
    Ok(findings)
}

/// What the rules find in a received file with these values, and its labels do not accept.
pub(crate) fn refusals(wanted: &Wanted) -> Vec<Finding> {
    let folder = wanted.after.folder.as_deref().unwrap_or(place::DEFAULT);
    // What a release says of its images accepts nothing: whoever sends it could say anything.
    let project = Project::from_file(wanted.raw.clone(), &[])
        .with_values(wanted.dotenv.clone())
        .in_folder(folder);
    checks::check_received(&project).findings
}

/// What the databases that will be dumped have on the disk: no dump is larger. One that was unwell before
/// need not answer: the deploy may be what mends it.
pub(super) fn databases(wanted: &Wanted, seen: &Seen, plan: &Plan) -> Result<u64, Error> {
    if plan.dumps.is_empty() {
        return Ok(0);
    }
    let file = &wanted.after.file;
    let unwell = health::unwell(seen);
    let size = |name: &String| {
        let database = Database::of(seen, file, name)?;
        if unwell.contains(name) && !database.answers()? { Ok(0) } else { database.size() }
    };
    plan.dumps.iter().map(size).sum()
}

/// Whether the disk of a folder has room.
fn room(folder: &Path, needed: u64, what: &str) -> Result<Option<Finding>, Error> {
    let free =
        Host::free(folder).map_err(|source| Error::Read { path: folder.to_owned(), source })?;
    Ok((free < needed).then(|| Finding {
        rule: "host-disk".to_owned(),
        severity: Severity::Error,
        subject: folder.display().to_string(),
        place: None,
        accept: None,
        message: format!(
            "{what} has {} MiB free, this deploy needs {}",
            free >> 20,
            needed.div_ceil(1 << 20)
        ),
        help: "make room: `docker system df` shows what Docker uses, `homelab status` the releases"
            .to_owned(),
    }))
}

/// Secrets that differ from those that the containers of before were made with, as when a house moves to
/// another folder without them: a database keeps its old password.
fn other_secrets(wanted: &Wanted, seen: &Seen) -> Vec<Finding> {
    let file = &wanted.after.file;
    let mut findings: Vec<Finding> = Vec::new();
    for (name, secret) in &file.secrets {
        let uses = file.services.values().flat_map(|it| &it.secrets);
        let paths = uses.filter(|it| it.source == *name).map(ServiceSecret::path);
        let paths: Vec<_> = paths.chain([format!("/run/secrets/{name}")]).collect();
        let is_its = |path: &str| paths.iter().any(|it| it == path);
        let mounts = seen.containers.iter().filter_map(|it| it.pointer("/Mounts")?.as_array());
        let mut here =
            mounts.flatten().filter(|it| seen::text(it, "/Destination").is_some_and(is_its));
        let source = here.find_map(|it| seen::text(it, "/Source"));
        let Some(source) = source.filter(|it| *it != secret.file) else { continue };
        let (old, new) = (std::fs::read(source).ok(), std::fs::read(&secret.file).ok());
        if old.is_some() && old != new {
            findings.push(Finding {
                rule: "host-secret".to_owned(),
                severity: Severity::Error,
                subject: name.clone(),
                place: None,
                accept: None,
                message: format!(
                    "`{}` is another secret than `{source}`, with which the house that runs was made",
                    secret.file
                ),
                help: format!("`sudo cp --archive {source} {}`", secret.file),
            });
        }
    }
    findings
}

/// What Compose itself says of the file and the values.
fn config(place: &HousePlace, wanted: &Wanted) -> Result<Option<Finding>, Error> {
    let words = ["config", "--quiet"];
    let output = wanted.compose(place, &words, Limit::QUESTION)?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Some(Finding {
        rule: "host-config".to_owned(),
        severity: Severity::Error,
        subject: "compose.yaml".to_owned(),
        place: None,
        accept: None,
        message: format!("Compose does not accept it: {}", said.trim()),
        help: "correct `.env`, or the release".to_owned(),
    }))
}
