//! Every property of a service in the Compose specification, with the forms that its value may have.
//!
//! They are those of the specification's JSON schema of July 2026:
//! <https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>.

use serde_yaml::Value;

use super::Service;
use super::unjudged;

const NULL: u8 = 1;
const TRUTH: u8 = 2;
const NUMBER: u8 = 4;
const TEXT: u8 = 8;
const LIST: u8 = 16;
const MAP: u8 = 32;

/// Words for the forms, each with its bit.
const WORDS: [(u8, &str); 6] = [
    (NULL, "nothing"),
    (TRUTH, "`true` or `false`"),
    (NUMBER, "a number"),
    (TEXT, "a text"),
    (LIST, "a list"),
    (MAP, "a map"),
];

#[rustfmt::skip]
const PROPERTIES: &[(&str, u8)] = &[
    ("annotations", MAP | LIST),
    ("attach", TRUTH | TEXT),
    ("blkio_config", MAP),
    ("build", TEXT | MAP),
    ("cap_add", LIST),
    ("cap_drop", LIST),
    ("cgroup", TEXT),
    ("cgroup_parent", TEXT),
    ("command", NULL | TEXT | LIST),
    ("configs", LIST),
    ("container_name", TEXT),
    ("cpu_count", TEXT | NUMBER),
    ("cpu_percent", TEXT | NUMBER),
    ("cpu_period", NUMBER | TEXT),
    ("cpu_quota", NUMBER | TEXT),
    ("cpu_rt_period", NUMBER | TEXT),
    ("cpu_rt_runtime", NUMBER | TEXT),
    ("cpu_shares", NUMBER | TEXT),
    ("cpus", NUMBER | TEXT),
    ("cpuset", TEXT),
    ("credential_spec", MAP),
    ("depends_on", LIST | MAP),
    ("deploy", MAP | NULL),
    ("develop", MAP | NULL),
    ("device_cgroup_rules", LIST),
    ("devices", LIST),
    ("dns", TEXT | LIST),
    ("dns_opt", LIST),
    ("dns_search", TEXT | LIST),
    ("domainname", TEXT),
    ("entrypoint", NULL | TEXT | LIST),
    ("env_file", TEXT | LIST),
    ("environment", MAP | LIST),
    ("expose", LIST),
    ("extends", TEXT | MAP),
    ("external_links", LIST),
    ("extra_hosts", MAP | LIST),
    ("gpus", TEXT | LIST),
    ("group_add", LIST),
    ("healthcheck", MAP),
    ("hostname", TEXT),
    ("image", TEXT),
    ("init", TRUTH | TEXT),
    ("ipc", TEXT),
    ("isolation", TEXT),
    ("label_file", TEXT | LIST),
    ("labels", MAP | LIST),
    ("links", LIST),
    ("logging", MAP),
    ("mac_address", TEXT),
    ("mem_limit", NUMBER | TEXT),
    ("mem_reservation", TEXT | NUMBER),
    ("mem_swappiness", NUMBER | TEXT),
    ("memswap_limit", NUMBER | TEXT),
    ("models", LIST | MAP),
    ("network_mode", TEXT),
    ("networks", LIST | MAP),
    ("oom_kill_disable", TRUTH | TEXT),
    ("oom_score_adj", TEXT | NUMBER),
    ("pid", TEXT | NULL),
    ("pids_limit", NUMBER | TEXT),
    ("platform", TEXT),
    ("ports", LIST),
    ("post_start", LIST),
    ("pre_start", LIST),
    ("pre_stop", LIST),
    ("privileged", TRUTH | TEXT),
    ("profiles", LIST),
    ("provider", MAP),
    ("pull_policy", TEXT),
    ("pull_refresh_after", TEXT),
    ("read_only", TRUTH | TEXT),
    ("restart", TEXT),
    ("runtime", TEXT),
    ("scale", NUMBER | TEXT),
    ("secrets", LIST),
    ("security_opt", LIST),
    ("shm_size", NUMBER | TEXT),
    ("stdin_open", TRUTH | TEXT),
    ("stop_grace_period", TEXT),
    ("stop_signal", TEXT),
    ("storage_opt", MAP),
    ("sysctls", MAP | LIST),
    ("tmpfs", TEXT | LIST),
    ("tty", TRUTH | TEXT),
    ("ulimits", MAP),
    ("umask", NULL | NUMBER | TEXT),
    ("use_api_socket", TRUTH),
    ("user", TEXT),
    ("userns_mode", TEXT),
    ("uts", TEXT),
    ("volumes", LIST),
    ("volumes_from", LIST),
    ("working_dir", TEXT),
];

/// Reads the value of a property of a service, as it would stand in a file.
///
/// # Errors
///
/// It is no YAML, or has a tag; the specification has no such property, or none with a value of that
/// form; or the property is one that this program knows in its long form only.
pub fn property(key: &str, yaml: &str) -> Result<Value, String> {
    let value: Value =
        serde_yaml::from_str(yaml).map_err(|error| format!("is no YAML: {error}"))?;
    let Some((_, forms)) = PROPERTIES.iter().find(|it| it.0 == key) else {
        return Err("is no property of a service in the Compose specification".to_owned());
    };
    let form = match &value {
        Value::Null => NULL,
        Value::Bool(_) => TRUTH,
        Value::Number(_) => NUMBER,
        Value::String(_) => TEXT,
        Value::Sequence(_) => LIST,
        Value::Mapping(_) => MAP,
        Value::Tagged(_) => 0,
    };
    if forms & form == 0 || unjudged::is_odd(&value) {
        let words = WORDS.iter().filter(|it| forms & it.0 != 0).map(|it| it.1);
        return Err(format!(
            "has a wrong form: expected {}",
            words.collect::<Vec<_>>().join(" or ")
        ));
    }
    let fault = |error| format!("has a form that no rule can read: {error}");
    unjudged::set(&mut Service::default(), key, value.clone()).map_err(fault)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_value_is_that_of_the_specification() {
        for (key, yaml) in [
            ("hostname", "nas"),
            ("dns", "[10.0.0.1]"),
            ("dns", "10.0.0.1"),
            ("extra_hosts", "{ nas: 10.0.0.2 }"),
            ("privileged", "true"),
            ("oom_score_adj", "100"),
            ("ulimits", "{ nproc: { soft: 1, hard: 2 } }"),
        ] {
            assert!(property(key, yaml).is_ok(), "{key}: {yaml}");
        }
        let fault = |key: &str, yaml: &str| property(key, yaml).expect_err("it is wrong");
        insta::assert_snapshot!(fault("hostnam", "nas"), @"is no property of a service in the Compose specification");
        insta::assert_snapshot!(fault("hostname", "[nas]"), @"has a wrong form: expected a text");
        insta::assert_snapshot!(fault("dns", "[a"), @"is no YAML: did not find expected ',' or ']' at line 2 column 1, while parsing a flow sequence");
        insta::assert_snapshot!(fault("dns", "!reset [a]"), @"has a wrong form: expected a text or a list");
        insta::assert_snapshot!(fault("ports", "[\"80:80\"]"), @r#"has a form that no rule can read: invalid type: string "80:80", expected struct PublishedPort"#);
    }

    #[test]
    fn the_table_has_every_property_that_this_program_knows() {
        for key in unjudged::known().chain(unjudged::POWERFUL.iter().map(|it| (*it).to_owned())) {
            let is_old = ["driver_opts"].contains(&key.as_str());
            assert!(is_old || PROPERTIES.iter().any(|it| it.0 == key), "{key}");
        }
        assert!(PROPERTIES.is_sorted(), "the table is in the alphabet's order");
    }
}
