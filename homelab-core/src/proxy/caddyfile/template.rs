//! Expands the few templates that labels for the proxy use.

use std::error::Error;
use std::fmt;

/// A template that only the real proxy can evaluate, because it knows all of Go's `text/template`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTemplate(String);

impl fmt::Display for UnknownTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the template `{}` is none that is known here", self.0)
    }
}

impl Error for UnknownTemplate {}

/// Replaces `{{upstreams}}`, `{{upstreams 80}}`, `{{upstreams https 443}}`, `{{https}}`, `{{"text"}}`.
pub(super) fn expand(value: &str, addresses: &[String]) -> Result<String, UnknownTemplate> {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("{{") {
        let unknown = || UnknownTemplate(value.to_owned());
        let (template, tail) = after.split_once("}}").ok_or_else(unknown)?;
        out.push_str(before);
        out.push_str(&evaluate(template, addresses).ok_or_else(unknown)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

fn evaluate(template: &str, addresses: &[String]) -> Option<String> {
    let words: Vec<_> = template.split_whitespace().collect();
    match words.as_slice() {
        ["upstreams", options @ ..] => {
            let mut upstreams = addresses.to_vec();
            for option in options {
                let number = option.parse::<u16>().is_ok();
                let scheme = if number { None } else { Some(text(option)?) };
                for it in &mut upstreams {
                    *it =
                        scheme.map_or_else(|| format!("{it}:{option}"), |s| format!("{s}://{it}"));
                }
            }
            upstreams.sort();
            Some(upstreams.join(" "))
        }
        [one] => text(one).map(str::to_owned),
        _ => None,
    }
}

/// Evaluates a function that yields its own name, or a text in quotes.
fn text(word: &str) -> Option<&str> {
    match word {
        "http" | "https" | "h2c" => Some(word),
        _ => word.strip_prefix('"')?.strip_suffix('"'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(value: &str) -> String {
        let addresses = ["10.0.0.9", "10.0.0.10"].map(str::to_owned);
        expand(value, &addresses).unwrap_or_else(|it| it.to_string())
    }

    #[test]
    fn every_address_gets_scheme_and_port_in_any_order() {
        assert_eq!(expanded("/x {{upstreams}}"), "/x 10.0.0.10 10.0.0.9");
        assert_eq!(expanded("{{ upstreams 80 }}"), "10.0.0.10:80 10.0.0.9:80");
        let secure = "https://10.0.0.10:443 https://10.0.0.9:443";
        assert_eq!(expanded("{{upstreams https 443}}"), secure);
        assert_eq!(expanded("{{upstreams 443 https}}"), secure);
        assert_eq!(expanded("{{upstreams h2c}} a"), "h2c://10.0.0.10 h2c://10.0.0.9 a");
    }

    #[test]
    fn without_addresses_nothing_is_left() {
        assert_eq!(expand("a {{upstreams 80}}", &[]), Ok("a ".to_owned()));
    }

    #[test]
    fn other_templates_are_text_or_refused() {
        assert_eq!(expanded("{{\"\"}}{{http}}://x"), "http://x");
        let name = "{{index .Names 0}}.lan";
        assert_eq!(expanded(name), format!("the template `{name}` is none that is known here"));
        for value in ["{{upstreams ftp}}", "{{upstreams | upper}}", "{{", "{{}}"] {
            assert!(expanded(value).ends_with("none that is known here"), "{value}");
        }
    }
}
