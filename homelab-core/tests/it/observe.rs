//! What real engines say of containers, read back as the files that these were made of.
//!
//! The fixtures are Docker Engine 20.10's words, made by Compose 2.40, cut to what is read:
//! `house` is the whole house, `odd` a file that says everything that can be said, and containers
//! that somebody made by `docker run`.

mod drift;
mod foreign;
mod mutations;
mod seen;

use homelab_core::compose::dotenv;
use homelab_core::compose::{File, Service};
use homelab_core::release::diff;
use homelab_core::release::observe::{self, Inspected};
use homelab_core::release::resolve::{self, Setting};
use serde_json::Value;

const PROFILES: [&str; 5] = ["photos", "network", "monitoring", "files", "watchtower"];

/// A file, and what runs of it.
struct Scene {
    file: File,
    containers: Vec<Value>,
    images: Vec<Value>,
}

impl Scene {
    fn house() -> Self {
        let inspection = include_str!("../fixtures/inspect/house.json");
        Self::new(include_str!("../fixtures/inspect/house.yaml"), inspection)
    }

    fn odd() -> Self {
        let inspection = include_str!("../fixtures/inspect/odd.json");
        Self::new(include_str!("../fixtures/inspect/odd.yaml"), inspection)
    }

    fn new(file: &str, inspection: &str) -> Self {
        let file: File = serde_yaml::from_str(file).expect("the fixture is a file");
        let values = dotenv::parse("DATA_ROOT=/srv/homelab/data\nTZ=Etc/UTC\n");
        let values = values.entries.into_iter().map(|(name, it)| (name, it.value)).collect();
        let read = |_: &str| Some("IMMICH_MACHINE_LEARNING_ENABLED=true\n".to_owned());
        let setting =
            Setting { values: &values, profiles: &PROFILES, folder: "/srv/homelab", read: &read };
        let file = resolve::resolve(&file, &setting).expect("the fixture resolves");
        let inspection: Value = serde_json::from_str(inspection).expect("the fixture is JSON");
        let list = |key: &str| inspection[key].as_array().expect("a list").clone();
        Self { file, containers: list("containers"), images: list("images") }
    }

    /// Each container that Compose made, and its service.
    fn services(&self) -> impl Iterator<Item = (&str, &Value, &Service)> {
        self.containers.iter().filter_map(|it| {
            let name = observe::service_name(it)?;
            Some((name, it, &self.file.services[name]))
        })
    }

    fn container(&self, name: &str) -> &Value {
        self.containers.iter().find(|it| it["Name"] == name).expect("the fixture has it")
    }

    fn image(&self, container: &Value) -> &Value {
        let id = observe::image_id(container);
        self.images.iter().find(|it| it["Id"].as_str() == id).expect("the fixture has it")
    }

    fn observe(&self, container: &Value, wanted: Option<&Service>) -> Service {
        let image = Some(self.image(container));
        observe::service(&Inspected { container, image }, wanted, &self.file)
    }

    /// What differs from `wanted`, from what runs to what the file says.
    fn changes(&self, container: &Value, wanted: &Service) -> Vec<String> {
        let found = self.observe(container, Some(wanted));
        diff::service(&found, wanted).iter().map(ToString::to_string).collect()
    }
}

#[test]
fn what_nobody_touched_is_what_the_file_says() {
    for (scene, count) in [(Scene::house(), 17), (Scene::odd(), 5)] {
        assert_eq!(scene.services().count(), count);
        for (name, container, wanted) in scene.services() {
            assert_eq!(scene.changes(container, wanted), [""; 0], "{name}");
            assert_eq!(&scene.observe(container, Some(wanted)), wanted, "{name}");
        }
    }
}

#[test]
fn an_image_that_is_gone_changes_nothing() {
    for scene in [Scene::house(), Scene::odd()] {
        for (name, container, wanted) in scene.services() {
            let it = Inspected { container, image: None };
            assert_eq!(&observe::service(&it, Some(wanted), &scene.file), wanted, "{name}");
        }
    }
}

#[test]
fn labels_and_ids_are_read() {
    let scene = Scene::house();
    let redis = scene.container("/homelab-redis-1");
    assert_eq!(observe::service_name(redis), Some("redis"));
    assert_eq!(observe::stamp(redis), Some("4ef7a1770c3d"));
    assert_eq!(observe::stamp(scene.container("/homelab-caddy-1")), None);
    assert!(observe::image_id(redis).is_some_and(|it| it.starts_with("sha256:")));
    let image = serde_json::json!({ "RepoDigests": ["a@sha256:1", "b@sha256:1"] });
    assert_eq!(observe::digests(&image), ["a@sha256:1", "b@sha256:1"]);
    assert_eq!(observe::digests(scene.image(redis)), [""; 0]);
}
