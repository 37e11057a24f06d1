//! The commands, one file each.

pub(crate) mod caddyfile;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod exposure;
pub(crate) mod images;
pub(crate) mod init;
pub(crate) mod memory;
