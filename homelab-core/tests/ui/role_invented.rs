// A service file invents a role of its own.

use homelab_core::dsl::service::{Role, RoleKind};

enum Cache {}

impl Role for Cache {
    const KIND: RoleKind = RoleKind::Data;
}

fn main() {}
