//! What becomes possible without a port, a host name or a way out: paths, neighbours, other images.

use homelab_core::release::plan::{Before, Plan, plan};
use homelab_core::report::plan::text;

use super::{HOUSE, after, change, running};

/// Lines of the first sections of a plan.
fn told(plan: &Plan, title: &str) -> Vec<String> {
    let text = text(plan);
    let lines = text.lines().skip_while(|it| *it != title).skip(1);
    lines.take_while(|it| it.starts_with("  ")).map(|it| it.trim().to_owned()).collect()
}

#[test]
fn who_comes_to_a_network_reaches_who_was_there() {
    let plan = change("proxy:1\"\n    networks: [front]", "proxy:2\"\n    networks: [front, back]");
    assert_eq!(told(&plan, "becomes reachable"), ["proxy reaches db, more over back"]);
    let new = HOUSE.replace("  app:\n", "  new: { image: \"new:1\", networks: [back] }\n  app:\n");
    let plan = plan_of(HOUSE, &new);
    assert_eq!(told(&plan, "becomes reachable"), ["new reaches db, app over back"]);
    // Nobody was there.
    let first = homelab_core::release::plan::plan(&Before::default(), &after(HOUSE, &[]), &[]);
    assert!(told(&first, "becomes reachable").iter().all(|it| !it.contains(" reaches ")));
    // Another name for the same.
    let renamed = plan_of(HOUSE, &HOUSE.replace("back", "rear"));
    assert_eq!(told(&renamed, "becomes reachable"), [""; 0]);
    // They were on it, and could not.
    let apart = "driver_opts: { com.docker.network.bridge.enable_icc: \"false\" }";
    let apart = HOUSE.replace("internal: true", &format!("internal: true, {apart}"));
    let plan = plan_of(&apart, HOUSE);
    assert_eq!(told(&plan, "becomes reachable").len(), 2, "{}", text(&plan));
}

fn plan_of(from: &str, to: &str) -> Plan {
    plan(&running(from, &[]), &after(to, &[]), &[])
}

#[test]
fn an_image_that_loses_its_digest_is_a_warning() {
    let pinned = HOUSE.replace("app:1", "app:1@sha256:0123");
    let plan = plan_of(&pinned, &HOUSE.replace("app:1", "app:latest"));
    let expected =
        "`app` gets `app:latest` without a digest: nobody reviews what comes next under that tag";
    assert_eq!(told(&plan, "warning"), [expected]);
    for (from, to) in
        [(&pinned, pinned.replace("0123", "4567")), (&HOUSE.to_owned(), pinned.clone())]
    {
        assert_eq!(plan_of(from, &to).warnings, [""; 0]);
    }
}

#[test]
fn a_path_that_opens_is_a_way_that_opens() {
    let closed = HOUSE.replace(
        "caddy: \"app.home.arpa\"",
        "caddy: \"app.home.arpa\", caddy.@a.path: \"/setup */new\", caddy.respond: \"@a 403\", \
         caddy.@b.path: /first, caddy.@b.not.vars: \"set-up done=true\", caddy.respond_1: \"@b 403\", \
         caddy.vars: \"set-up `done=false`\"",
    );
    let told = |to: &str| {
        let plan = plan_of(&closed, to);
        plan.opens.into_iter().map(|it| it.how).collect::<Vec<_>>()
    };
    let some = "the proxy does not ask for a login; closed: /setup */new";
    assert_eq!(told(&closed), [""; 0]);
    for (from, to, expected) in [
        ("done=false", "done=true", some),
        ("@b 403", "@b 200", some),
        ("not.vars", "not.method", some),
        ("@a 403\"", "@c 403\"", "the proxy does not ask for a login; closed: /first"),
    ] {
        assert!(closed.contains(from), "{from}");
        assert_eq!(told(&closed.replace(from, to)), [expected], "{to}");
    }
}

#[test]
fn a_value_with_lines_is_one_line_of_the_plan() {
    let file = |value: &str| {
        format!(
            "name: house\nservices:\n  web:\n    image: \"web:1@sha256:1\"\n    environment: {{ X: \"{value}\" }}\n"
        )
    };
    let plan = plan_of(&file("1"), &file("2\\n\\n= unchanged: web"));
    let text = text(&plan);
    assert!(text.contains("2\\n\\n= unchanged: web"), "{text}");
    assert!(!text.contains("\n= unchanged"), "{text}");
}
