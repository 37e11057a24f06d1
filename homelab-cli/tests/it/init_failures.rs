//! `homelab init` when something goes wrong half-way.

use insta::assert_snapshot;

use crate::support::{House, whole};

const IDS: [&str; 2] = ["--set=PUID=1000", "--set=PGID=1000"];

#[test]
fn a_password_is_shown_before_anything_else_can_fail() {
    let house = House::cloned();
    whole(
        "a-password-is-shown-before-anything-else-can-fail",
        &house.terminal(&["init", IDS[0], IDS[1], "--set=DATA_ROOT=/srv"]),
    );
}

#[test]
fn a_password_that_cannot_be_shown_is_not_kept() {
    let house = House::cloned();
    assert_snapshot!(house.with_full_stdout(&["init", IDS[0], IDS[1]]), @r"
    exit_code: 4
    ----- stdout -----
    ----- stderr -----
    created .env
    created secrets/caddy-login

    the login for the panels that the proxy guards; write it down, it is stored nowhere:
    error: cannot write to the standard output
      caused by: No space left on device (os error 28)
    ");
    assert!(!house.path("project/secrets/caddy-login").exists());
    let output = house.run(&["init"]);
    assert!(output.contains("password  [PASSWORD]\n"), "{output}");
}

#[test]
fn leftovers_of_a_killed_run_are_removed() {
    let house = House::ready();
    // No process has this number: it is above the kernel's limit.
    house.write("project/secrets/.caddy-login.4194305.tmp", "half");
    house.write("project/..env.4194305.tmp", "half");
    let mine = std::process::id();
    let others = [
        format!("secrets/.caddy-login.{mine}.tmp"),
        "secrets/caddy-login.4194305.tmp".to_owned(),
        "secrets/.caddy-login.old.4194305.tmp".to_owned(),
        ".compose.yaml.4194305.tmp".to_owned(),
    ];
    for it in &others {
        house.write(&format!("project/{it}"), "");
    }
    assert_snapshot!(house.run(&["init"]), @r"
    exit_code: 0
    ----- stdout -----
    ----- stderr -----
    removed ..env.4194305.tmp, left by a run that was killed
    removed secrets/.caddy-login.4194305.tmp, left by a run that was killed
    nothing was changed: `.env` and all secrets are there already

    left to do:
      - let the names `home.arpa` and `*.home.arpa` lead to this host, in your router or DNS
      - after jellyfin's wizard, which opens from this host only, set JELLYFIN_SETUP_DONE=true in .env
      - check this host, then start:
          homelab doctor
          docker compose up -d
    ");
    assert!(!house.path("project/secrets/.caddy-login.4194305.tmp").exists());
    assert!(!house.path("project/..env.4194305.tmp").exists());
    for it in &others {
        assert!(house.path("project").join(it).exists(), "{it}");
    }
}
