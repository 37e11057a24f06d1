//! Random text that YAML and Compose are known to trip over, and how properties are run.

use std::fmt::Debug;

use homelab_core::compose::interpolate::resolve;
use homelab_core::lower::{self, lower};
use homelab_core::prelude::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use crate::house::{IMAGE, leak, site};

/// Scalars that some reader takes for something else than the string that they are.
const POOL: &[&str] = &[
    "",
    " ",
    "2026-01-01",
    "2026-01-01T10:00:00Z",
    "1_000",
    "yes",
    "No",
    "ON",
    "y",
    "true",
    "NULL",
    "null",
    "~",
    "22:22",
    "1:30:00",
    "0o17",
    "017",
    "0x1F",
    "0b1",
    "1e3",
    "1.5",
    ".5",
    "-1",
    "+1",
    ".inf",
    "-.Inf",
    ".NaN",
    "nan",
    "<<",
    "=",
    "$HOME",
    "${HOME}",
    "$$",
    "$",
    "a$",
    "{{ }}",
    "{{upstreams 80}}",
    "{a}",
    "[a]",
    "'",
    "\"",
    "it's",
    "say \"hi\"",
    "\\",
    "\\n",
    "C:\\x",
    "\n",
    "a\nb",
    "a\n",
    "\na",
    "a\n\n",
    "\r\n",
    "\t",
    "\ta",
    "a\t",
    " a",
    "a ",
    "- a",
    "-",
    "--",
    "---",
    "...",
    "? a",
    "?",
    ": a",
    ":",
    "a: b",
    "a:",
    "#",
    "# a",
    "a #b",
    "a#b",
    "!tag",
    "!!str a",
    "&a",
    "*a",
    "@a",
    "`a`",
    "%YAML 1.2",
    "|",
    ">",
    "|-\n a",
    ",",
    "a, b",
    "/srv/data",
    "./a",
    "../a",
    "/",
    ".",
    "..",
    "_",
    "_1",
    "a-b_c.d",
    "é",
    "日本",
    "🦀",
    "👩‍👩‍👧",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "a\u{85}b",
    "\u{a0}",
    "\u{ad}",
    "\u{200b}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{feff}a",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{1fffe}",
    "\u{10ffff}",
    "\u{e000}",
    "\u{1}",
    "\u{8}",
    "\u{b}",
    "\u{c}",
    "\u{1b}[0m",
];

/// Any text without NUL, which no container can have in its environment or command.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let number_like = "[0-9a-fxoXeE_:.+TZ -]{1,10}";
    let word_like = "[a-zA-Z0-9/._-]{1,8}";
    prop_oneof![
        4 => prop::sample::select(POOL).prop_map(str::to_owned),
        1 => prop::collection::vec(prop::sample::select(POOL), 2..4).prop_map(|it| it.concat()),
        2 => "[ -~]{0,16}",
        1 => number_like,
        1 => word_like,
        2 => prop::collection::vec(prop::char::range('\u{1}', '\u{ff}'), 0..10).prop_map(String::from_iter),
        2 => prop::collection::vec(any::<char>(), 0..10)
            .prop_map(|it| it.into_iter().filter(|it| *it != '\0').collect()),
    ]
}

/// Runs a property; a failure shows the smallest input that fails.
#[track_caller]
pub(crate) fn property<S>(cases: u32, input: &S, test: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy<Value: Debug>,
{
    // Tests do not write into the tree: what was found becomes a test of its own.
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    if let Err(error) = TestRunner::new(config).run(input, test) {
        panic!("{error}");
    }
}

#[test]
fn literals_come_back_from_interpolation() {
    property(512, &text(), |it| {
        let lowered = lower::literal(&it);
        prop_assert_eq!(resolve(&lowered, &|_| None), Ok(it));
        Ok(())
    });
}

/// Every literal that a definition may hold: none of them is ever taken for a variable.
#[test]
fn every_literal_of_a_service_comes_back_from_interpolation() {
    property(256, &text(), |it| {
        // A path in a container has no empty part, `.` or `..`.
        let place = format!("/x{}", it.replace('/', "-"));
        let path = leak(&place);
        let word = leak(&it);
        let words: &'static [&'static str] = Box::leak(Box::new(["CMD", "probe", word]));
        let file = leak(&format!("x{it}"));
        let device = EnvVar::new("DEVICE", Kind::Path, "A device.").or("/dev/dri");
        let mut stack = Stack::new(site(&[], &[], &[device]));
        let app = Service::app(ServiceName::new("it"), IMAGE, Health::command(words))
            .env("KEY", word)
            .label("key", word)
            .entrypoint(&[word])
            .command(&[word])
            .sysctl("net.core.somaxconn", word)
            .device_cgroup_rule(word, "it is a test")
            .redirect(format!("/{it}"), Route::apex(Port::new(80)))
            .route(Route::host("it", Port::new(80)))
            .tmpfs(Tmpfs::at(path))
            .device(&device, path)
            .mount(Bind::config(file).at(path))
            .mount(Volume::scratch("data", "it is a test").at(path));
        stack.add(app);
        let file = lower(&stack);
        let service = &file.services["it"];
        let health = service.healthcheck.as_ref().map(|it| it.test.clone());
        let slash = format!("/{it}");
        for (got, want) in [
            (&service.environment["KEY"], &it),
            (&service.labels["key"], &it),
            (&service.labels["caddy.handle_0"], &slash),
            (&service.labels["caddy.handle_0.redir"], &"https://home.arpa".to_owned()),
            (&service.command[0], &it),
            (&service.tmpfs[0], &place),
            (&service.devices[0], &format!("/dev/dri:{place}:rw")),
            (&service.volumes[0].source, &format!("./x{it}")),
            (&service.volumes[0].target, &place),
            (&service.volumes[1].target, &place),
            (&health.unwrap_or_default()[2], &it),
            (&service.entrypoint[0], &it),
            (&service.sysctls["net.core.somaxconn"], &it),
            (&service.device_cgroup_rules[0], &it),
        ] {
            let resolved = resolve(got, &|_| None);
            prop_assert_eq!(resolved.as_ref(), Ok(want));
        }
        Ok(())
    });
}
