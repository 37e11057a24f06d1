//! Scheduled dumps of Immich's database, rotated by day, week and month.
//!
//! Upstream: <https://github.com/prodrigestivill/docker-postgres-backup-local>

use homelab_core::prelude::*;

use crate::services::postgres::Database;
use crate::{env, images, profiles};

const NAME: ServiceName = ServiceName::new("pgbackups");

/// The dumps are not encrypted and stay on the same host; copying them elsewhere is a second step.
const DUMPS: Mount<Precious> = Bind::env(&env::BACKUP_PATH, Backup::Offsite).at("/backups");

/// Healthy while the image's own check is content, or while the newest good dump is younger than 26
/// hours: a night and two hours.
///
/// The image's check alone fails after a failed dump until the next night. So a database that is
/// down for a moment when this container starts, as after a power cut, would make it unhealthy for a
/// day. Of dumps that were never tried neither says anything; `homelab doctor` looks at their age.
const HEALTH: Health = Health::shell(
    "curl -fsS -o /dev/null http://localhost:8080/ \
     || find -L /backups/last -name '*-latest.sql.gz' -mmin -1560 | grep -q .",
)
.every(Duration::from_secs(30))
.within(Duration::from_secs(5))
.starts_within(Duration::from_secs(15));

/// `pg_dump` and gzip. Nobody has published a figure, so the limit counts in full.
const MEMORY: MemoryRange = Memory::mib(256).up_to(Memory::mib(256));

pub(crate) fn define(db: &Database) -> Service<Agent, Precious> {
    Service::agent(NAME, images::PGBACKUPS, HEALTH)
        .profile(profiles::PHOTOS)
        .uses(db)
        .dumps(&db.server)
        // The user `postgres` of the image, as upstream recommends.
        .user(User::Ids(999, 999))
        .env("TZ", env::TZ)
        .env("SCHEDULE", env::BACKUP_SCHEDULE)
        // So there is a dump on the first day, and after nights on which the host was off.
        .env("BACKUP_ON_START", "TRUE")
        .env("POSTGRES_HOST", db.server.host())
        .env("POSTGRES_DB", db.name)
        .env("POSTGRES_USER", db.user)
        .secret_env("POSTGRES_PASSWORD_FILE", db.password)
        // This does nothing in a fresh database, as in the runbook, but a restore into an existing
        // one needs it.
        .env("POSTGRES_EXTRA_OPTS", "-Z1 --clean --if-exists")
        .env("BACKUP_KEEP_DAYS", 7)
        .env("BACKUP_KEEP_WEEKS", 4)
        .env("BACKUP_KEEP_MONTHS", 6)
        .mount(DUMPS)
        // The image is based on PostgreSQL's, which declares a volume here. Without this tmpfs
        // every new container would leave an empty anonymous volume behind (seen on a real engine).
        .tmpfs(Tmpfs::at("/var/lib/postgresql/data"))
        .memory(MEMORY)
        .stops_within(Duration::from_mins(1))
}
