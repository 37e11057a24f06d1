//! Changes of health checks.

use homelab_core::compose::{Healthcheck, Service};

use super::super::Scene;
use super::{check, text};

#[test]
fn of_health_checks() {
    fn health(it: &mut Service) -> &mut Healthcheck {
        it.healthcheck.get_or_insert_default()
    }
    check(
        &Scene::odd(),
        "every",
        &[
            (
                |it| it.healthcheck = None,
                &[
                    "healthcheck.interval: removed 90s",
                    "healthcheck.timeout: removed 1500ms",
                    "healthcheck.retries: removed 7",
                    "healthcheck.start_period: removed 3600s",
                ],
            ),
            // The image's test is the same.
            (|it| health(it).test.clear(), &[]),
            (
                |it| health(it).test = vec![text("CMD"), text("true")],
                &["healthcheck.test: CMD-SHELL true → CMD true"],
            ),
            (|it| health(it).interval = Some(text("90s")), &[]),
            (|it| health(it).interval = Some(text("90")), &["healthcheck.interval: 90s → 90"]),
            (|it| health(it).retries = None, &["healthcheck.retries: removed 7"]),
            (|it| health(it).disable = true, &["healthcheck.disable: false → true"]),
        ],
    );
    check(
        &Scene::odd(),
        "bare",
        &[
            (|it| health(it).interval = Some(text("11s")), &[]),
            (|it| health(it).timeout = Some(text("30s")), &[]),
            (|it| health(it).timeout = Some(text("31s")), &["healthcheck.timeout: 30s → 31s"]),
            (|it| health(it).start_period = Some(text("0s")), &[]),
        ],
    );
    check(
        &Scene::odd(),
        "host",
        &[
            (|it| it.healthcheck = None, &["healthcheck.disable: true → false"]),
            (|it| health(it).disable = false, &["healthcheck.disable: true → false"]),
            (|it| health(it).interval = Some(text("1s")), &[]),
        ],
    );
}
