//! The compiled program in temporary folders, with a stand-in for Docker and for the host.

mod doctor;
mod init;
mod read;
mod support;
