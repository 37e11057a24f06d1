//! The commands, one file each.

pub(crate) mod caddyfile;
pub(crate) mod deploy;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod exposure;
pub(crate) mod images;
pub(crate) mod init;
pub(crate) mod memory;
pub(crate) mod new;
mod options;
pub(crate) mod plan;
mod receipt;
pub(crate) mod receive;
pub(crate) mod recover;
pub(crate) mod rollback;
pub(crate) mod status;
mod stdin;
pub(crate) mod worker;
