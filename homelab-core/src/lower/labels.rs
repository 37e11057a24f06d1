//! Labels of a service: for the proxy, for the host, and why it may do what rules forbid.

use indexmap::IndexMap;

use super::{literal, text, texts};
use crate::compose::label;
use crate::dsl::privilege::{Capability, Exception};
use crate::dsl::service::Spec;
use crate::dsl::stack::Stack;
use crate::dsl::text::Text;
use crate::proxy;

/// The reasons that the rules of a host ask for.
fn accepted(spec: &Spec) -> impl Iterator<Item = (String, String)> {
    let is_asked = |what: &Exception<'_>| match what {
        Exception::Capability(it) => !Capability::HARMLESS.contains(it),
        Exception::Device(_) | Exception::Namespace(..) => true,
        Exception::Directive(_)
        | Exception::Forwarding
        | Exception::Raw(_)
        | Exception::UncheckedUpstream
        | Exception::WritableRoot => false,
    };
    let exceptions = spec.exceptions.iter().filter(move |it| is_asked(&it.0));
    let exceptions = exceptions.map(|(what, because)| (what.key(), *because));
    let waivers = spec.waivers.iter().filter(|it| label::HOST_RULES.contains(&it.rule));
    let waivers = waivers.map(|it| (it.rule.to_owned(), it.because));
    let filter = "it is the filter in front of the Docker API";
    let socket = spec.docker_socket.then(|| ("docker-socket".to_owned(), filter));
    let all = exceptions.chain(waivers).chain(socket);
    all.map(|(what, because)| (format!("{}{what}", label::ACCEPTS), literal(because)))
}

/// Makes every label of a service, its author's own in the place of those of the same name.
pub(crate) fn labels(stack: &Stack, spec: &Spec) -> IndexMap<String, String> {
    let mut labels = proxy::labels(stack, spec)
        .iter()
        .map(|(key, it)| (key.clone(), text(it)))
        .collect::<IndexMap<_, _>>();
    labels.extend(texts(&spec.labels));
    if let Some(database) = &spec.database {
        labels.insert(label::DATABASE.to_owned(), literal(&database.to_string()));
    }
    if let Some(because) = stack.contract_of(spec.image).and_then(|it| it.one_way.some()) {
        labels.insert(label::ONE_WAY.to_owned(), literal(because));
    }
    labels.extend(accepted(spec));
    if let Some((switch, _)) = spec.unattended {
        labels.insert(label::UPDATE.to_owned(), text(&Text::choice(switch, "false", "true")));
    }
    labels
}
