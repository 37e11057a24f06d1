//! The workflow files as data.

use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) struct Workflow {
    /// `deploy.yml`.
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) value: Value,
}

/// A step with where it stands.
pub(crate) struct Step<'a> {
    pub(crate) job: &'a str,
    pub(crate) name: &'a str,
    pub(crate) value: &'a Value,
}

impl Workflow {
    pub(crate) fn read(file: &str) -> Self {
        let text = fs::read_to_string(root().join(".github/workflows").join(file))
            .expect("the workflow is there");
        let value = serde_yaml::from_str(&text).expect("it is YAML");
        Self { file: file.to_owned(), text, value }
    }

    /// Every workflow, by name.
    pub(crate) fn all() -> Vec<Self> {
        let mut files: Vec<String> = fs::read_dir(root().join(".github/workflows"))
            .expect("the folder is there")
            .map(|it| it.expect("it can be listed").file_name())
            .map(|it| it.into_string().expect("names are UTF-8"))
            .collect();
        files.sort();
        files.iter().map(|it| Self::read(it)).collect()
    }

    pub(crate) fn jobs(&self) -> Vec<(&str, &Value)> {
        let jobs = self.value["jobs"].as_mapping().expect("a workflow has jobs");
        jobs.iter().map(|(name, job)| (name.as_str().expect("a job has a name"), job)).collect()
    }

    pub(crate) fn job(&self, name: &str) -> &Value {
        let found = self.jobs().into_iter().find(|it| it.0 == name);
        found.unwrap_or_else(|| panic!("{} has no job {name}", self.file)).1
    }

    pub(crate) fn steps(&self) -> Vec<Step<'_>> {
        let mut all = Vec::new();
        for (job, value) in self.jobs() {
            for step in value["steps"].as_sequence().expect("a job has steps") {
                let name = step["name"].as_str().expect("every step has a name");
                all.push(Step { job, name, value: step });
            }
        }
        all
    }
}
