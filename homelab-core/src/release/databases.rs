//! Which databases a service may change: a deploy dumps these before it starts another image.

use crate::compose::{File, label};
use crate::dsl::database::Database;

/// Returns how a deploy dumps the database of a service, if it has one that can be dumped.
pub fn of(file: &File, service: &str) -> Option<Database> {
    file.services.get(service)?.labels.get(label::DATABASE)?.parse().ok()
}

/// Returns the services whose databases a release of this one may migrate: itself, and the servers
/// that it waits for. A file of `SQLite` is changed by its own service alone.
pub fn migrated_by<'a>(file: &'a File, service: &'a str) -> impl Iterator<Item = &'a str> {
    let used = file.services.get(service).into_iter().flat_map(|it| it.depends_on.keys());
    let used = used.filter(|it| of(file, it).is_some_and(|it| it.has_server()));
    let own = of(file, service).map(|_| service);
    own.into_iter().chain(used.map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::{Condition, Dependency, Service};

    #[test]
    fn a_file_of_sqlite_is_its_own_services_alone() {
        let service = |label: &str, used: &[&str]| {
            let waits = || Dependency { condition: Condition::ServiceHealthy, restart: false };
            let labels = [(label::DATABASE.to_owned(), label.to_owned())].into();
            let depends_on = used.iter().map(|it| ((*it).to_owned(), waits())).collect();
            Service { depends_on, labels, ..Service::default() }
        };
        let services = [
            ("db".to_owned(), service("postgres:app/app", &[])),
            ("films".to_owned(), service("sqlite:/config/films.db", &[])),
            ("search".to_owned(), service("sqlite:/config/search.db", &["db", "films"])),
        ];
        let file = File { services: services.into(), ..File::default() };
        assert_eq!(migrated_by(&file, "search").collect::<Vec<_>>(), ["search", "db"]);
        assert_eq!(migrated_by(&file, "db").collect::<Vec<_>>(), ["db"]);
    }
}
