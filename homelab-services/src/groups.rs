//! Headings of the dashboard.

use homelab_core::prelude::TileGroup;

pub(crate) const MEDIA: TileGroup = TileGroup::new("Media", "fas fa-photo-film");

pub(crate) const DATA: TileGroup = TileGroup::new("Files", "fas fa-folder-open");

pub(crate) const SYSTEM: TileGroup = TileGroup::new("System", "fas fa-server");
