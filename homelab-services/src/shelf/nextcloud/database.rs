//! Nextcloud's database, and its dumps.

use homelab_core::prelude::*;

const SERVER: ServiceName = ServiceName::new("nextcloud-db");
const DUMPS: ServiceName = ServiceName::new("nextcloud-dumps");

/// Name of the database and of its user.
pub(super) const NAME: &str = "nextcloud";

pub(super) const PASSWORD: Secret = Secret::random("nextcloud-db-password");
/// Only for a person at the console of the database.
const ROOT_PASSWORD: Secret = Secret::random("nextcloud-db-root-password");

const TABLES: Mount<Precious> = Volume::precious("nextcloud-db", Backup::Dump).at("/var/lib/mysql");

/// The image's user `mysql`: its number is inferred, as upstream makes it with `useradd -r` alone.
const MYSQL: User = User::Ids(999, 999);

/// Dumps at the start and at three at night. The one of a day has one name, however often it starts,
/// and appears whole or not at all; fourteen days are kept. After a failure it tries again.
const SCRIPT: &str = r#"set -eu -o pipefail
umask 077
cd /dumps
while true; do
  day=nextcloud-$(date +%F).sql.gz
  export MYSQL_PWD="$(cat "$MARIADB_PASSWORD_FILE")"
  if mariadb-dump --single-transaction --quick --no-tablespaces -h "$MYSQL_HOST" -u nextcloud nextcloud | gzip > .unfinished; then
    mv .unfinished "$day"
    ls -1 nextcloud-*.sql.gz | head -n -14 | xargs -r rm
    sleep $(($(date -d 'tomorrow 03:00' +%s) - $(date +%s)))
  else
    sleep 300
  fi
done
"#;

#[track_caller]
pub(super) fn server(image: Image) -> Service<Data, Precious> {
    const HEALTH: Health =
        Health::command(&["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"])
            .every(Duration::from_secs(10))
            .starts_within(Duration::from_mins(2));
    Service::data(SERVER, image, HEALTH)
        .user(MYSQL)
        // Upstream's manual asks for it: else two visitors wait for each other.
        .command(&["mariadbd", "--transaction-isolation=READ-COMMITTED"])
        .env("MARIADB_DATABASE", NAME)
        .env("MARIADB_USER", NAME)
        .secret_env("MARIADB_PASSWORD_FILE", PASSWORD)
        .secret_env("MARIADB_ROOT_PASSWORD_FILE", ROOT_PASSWORD)
        // A newer image brings its system tables up to date.
        .env("MARIADB_AUTO_UPGRADE", 1)
        .mariadb(NAME)
        .mount(TABLES)
        .tmpfs(Tmpfs::at("/run/mysqld").owned_by(MYSQL))
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(Memory::mib(256).up_to(Memory::gib(1)))
        .stops_within(Duration::from_mins(1))
}

#[track_caller]
pub(super) fn dumps(image: Image, folder: &EnvVar, db: &Handle<Data>) -> Service<Agent, Precious> {
    // A dump of last night is at most 25 hours old, where a clock goes back.
    const HEALTH: Health =
        Health::shell("find /dumps -name 'nextcloud-*.sql.gz' -mmin -1560 | grep -q .")
            .starts_within(Duration::from_mins(30));
    Service::agent(DUMPS, image, HEALTH)
        .dumps(db)
        .user(MYSQL)
        .entrypoint(&["bash", "-c", SCRIPT])
        // So that the script ends when it is told to.
        .init()
        .env("MYSQL_HOST", db.host())
        .secret_env("MARIADB_PASSWORD_FILE", PASSWORD)
        .mount(Bind::env(folder, Backup::Offsite).at("/dumps"))
        // The image declares a volume here.
        .tmpfs(Tmpfs::at("/var/lib/mysql"))
        .tmpfs(Tmpfs::at("/run/mysqld"))
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(Memory::mib(32).up_to(Memory::mib(256)))
}
