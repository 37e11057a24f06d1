//! The compiled program in temporary folders, with a stand-in for Docker and for the host.

#![expect(clippy::disallowed_methods, reason = "a test runs the binary itself")]

mod deploy;
mod doctor;
mod doctor_power;
mod doctor_settings;
mod images;
mod init;
mod init_failures;
mod init_links;
mod read;
mod received;
mod scene;
mod support;
