//! Ways back: to the release before, and across a change of the database.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::DeployScene;
use super::check::{containers, set, touched};
use super::host::HOUSE;
use crate::browser::Browser;
use crate::lanes::photos::{self, PHOTOS};
use crate::run::{output, program};

/// One service back, and nobody else.
pub(super) fn to_the_one_before(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let old = DeployScene::runs()?;
    site.checkout.set_memory_limit("homer", "91M")?;
    site.checkout.commit("homer: a limit that nobody likes")?;
    site.deploy()?;
    let before = containers()?;
    site.remote(&["rollback", "--actor", "e2e"])?.ended(0)?;
    let happened = touched(&before, &containers()?);
    ensure!(happened == set(&["homer"]), "touched {happened:?}");
    site.is_whole(&old)?;
    site.no_drift()?;
    site.checkout.reset(&old)?;
    Ok("one service back, nobody else touched".to_owned())
}

/// Another image of the database stands between: nothing happens before somebody says what with the
/// data.
pub(super) fn across_the_database(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let old = DeployScene::runs()?;
    let reference = site.publish("postgres", "15.2", &["LABEL version=2"])?;
    site.checkout.set_line("postgres", "image: ", &format!("image: \"{reference}\""))?;
    let new = site.checkout.commit("postgres: another image")?;
    site.deploy()?;
    let dumps = dumps()?;
    let dump = dumps.last().context("no dump was taken")?;
    // A row that the dump does not have.
    one_more(site)?;
    let rows = |expected: usize| -> anyhow::Result<()> {
        let rows = photos::rows("immich")?;
        ensure!(rows == expected, "{rows} rows, expected {expected}");
        Ok(())
    };
    rows(PHOTOS + 1)?;
    let before = containers()?;
    site.remote(&["rollback", &old])?
        .ended(1)?
        .naming(dump)?
        .naming("--restore")?
        .naming("--keep-data")?;
    ensure!(before == containers()?, "a container was touched before anybody said so");
    ensure!(DeployScene::runs()? == new, "another release runs before anybody said so");
    site.remote(&["rollback", &old, "--keep-data"])?.ended(0)?;
    ensure!(DeployScene::runs()? == old, "the new release still runs");
    rows(PHOTOS + 1)?;
    // Forth again, with a dump of now, and back with the data of then.
    site.remote(&["deploy", "--actor", "e2e"])?.ended(0)?;
    ensure!(DeployScene::runs()? == new, "the old release still runs");
    remove_one(site)?;
    rows(PHOTOS)?;
    site.remote(&["rollback", &old, "--restore"])?.ended(0)?;
    rows(PHOTOS + 1)?;
    remove_one(site)?;
    site.checkout.reset(&old)?;
    site.is_whole(&old)?;
    site.no_drift()?;
    Ok(format!("it stops and names {dump}; the data is kept, or that of the dump, as told"))
}

/// Names of the dumps that deploys took, the oldest first.
fn dumps() -> anyhow::Result<Vec<String>> {
    let find = program("find", &[&format!("{HOUSE}/dumps"), "-type", "f", "-printf", "%T@ %f\n"])
        .output()
        .context("cannot run find")?;
    let text = String::from_utf8_lossy(&find.stdout).into_owned();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    Ok(lines.iter().filter_map(|it| it.split_once(' ')).map(|it| it.1.to_owned()).collect())
}

/// The household uploads one more photo.
const EXTRA: &str = "IMG_9999.jpg";

fn one_more(site: &DeployScene<'_>) -> anyhow::Result<()> {
    let url = format!("https://photos.home.arpa/api/assets?name={EXTRA}");
    let answer = Browser::new(site.scene)?.post(&url)?;
    ensure!(answer.status == 200, "the upload was answered {}: {}", answer.status, answer.body);
    Ok(())
}

/// Its row and its file go.
fn remove_one(site: &DeployScene<'_>) -> anyhow::Result<()> {
    let sql = format!("delete from asset where name = '{EXTRA}'");
    let postgres = crate::docker::of("postgres")?;
    postgres.exec(&["psql", "-X", "-U", "postgres", "-d", "immich", "-c", &sql])?;
    let upload = site.scene.house.folder.join("data/photos/upload");
    let path = Path::new(&upload).join(EXTRA);
    if path.exists() {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Old releases go after enough healthy ones, and their images with them; what can be gone back to stays.
pub(super) fn kept(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let images = || -> anyhow::Result<usize> {
        let words = ["images", "--all", "--quiet", "--filter", "label=homelab-e2e.kept"];
        Ok(output(&mut program("docker", &words))?.lines().count())
    };
    let mut counts = Vec::new();
    for number in 1..=6 {
        let label = format!("LABEL homelab-e2e.kept={number}");
        let reference = site.publish("homer", &format!("kept-{number}"), &[&label])?;
        site.checkout.set_line("homer", "image: ", &format!("image: \"{reference}\""))?;
        site.checkout.commit("homer: one more")?;
        site.remote(&["deploy", "--actor", "e2e"])?.ended(0)?;
        counts.push(images()?);
    }
    let releases = fs::read_dir(Path::new(HOUSE).join("releases"))?.count();
    let (last, most) = (counts.last().copied().unwrap_or(0), counts.iter().copied().max());
    ensure!((2..6).contains(&last), "images after each deploy: {counts:?}");
    ensure!(counts[1] == 2, "the image of the release before was removed at once: {counts:?}");
    ensure!(releases < 20, "{releases} releases are kept");
    // Without the registry: what is kept is enough.
    site.remote(&["rollback", "--actor", "e2e"])?.ended(0)?;
    site.works()?;
    Ok(format!("{last} images (at most {most:?}) and {releases} releases are kept"))
}
