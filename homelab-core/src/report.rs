//! Reports: the pages under `docs/` and the artefacts under `snapshots/`, as data and as text.
