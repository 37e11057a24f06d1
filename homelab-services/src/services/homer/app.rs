//! What lets a browser install Homer as an app: `manifest.json` and its icon.
//!
//! The mounted folder hides the image's own. Its page also asks for `icons/favicon.ico` and
//! `icons/apple-touch-icon.png`, which no text can be: a browser then shows an icon of its own.

use homelab_core::dsl::house::ConfigFile;

use super::config::TITLE;

/// A house, in the colour of the manifest.
const SHAPES: &str = r##"<rect width="64" height="64" rx="12" fill="#3367d6"/>
  <path fill="#fff" d="M32 12 10 32h6v20h12V38h8v14h12V32h6z"/>"##;

/// The two files; the comment `header` is in each.
pub(crate) fn files(header: &str) -> [ConfigFile; 2] {
    let manifest = format!(
        r##"{{
  "$comment": "{header}",
  "name": "{TITLE}",
  "short_name": "{TITLE}",
  "start_url": "../",
  "scope": "../",
  "display": "standalone",
  "theme_color": "#3367d6",
  "background_color": "#ffffff",
  "icons": [{{ "src": "icons/logo.svg", "sizes": "any", "type": "image/svg+xml" }}]
}}
"##
    );
    let icon = format!(
        "<!-- {header} -->\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\">\n  {SHAPES}\n</svg>\n"
    );
    [
        ConfigFile { path: "config/homer/manifest.json", text: manifest },
        ConfigFile { path: "config/homer/icons/logo.svg", text: icon },
    ]
}
