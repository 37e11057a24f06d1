//! What the Docker API says of containers → blocks of a Caddyfile.

use std::collections::{BTreeMap, BTreeSet};

use homelab_core::proxy::caddyfile::{Block, INGRESS_NETWORK, translate};
use serde::Deserialize;

/// An entry of `/containers/json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    id: String,
    labels: BTreeMap<String, String>,
    network_settings: NetworkSettings,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    networks: BTreeMap<String, Endpoint>,
}

#[derive(Debug, Deserialize)]
struct Endpoint {
    #[serde(rename = "NetworkID")]
    network: String,
    #[serde(rename = "IPAddress")]
    address: String,
}

/// An entry of `/networks`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Network {
    name: String,
    id: String,
}

/// The networks of these names, by name and by identifier.
pub(super) fn ingress(networks: Vec<Network>, names: &[String]) -> BTreeSet<String> {
    let chosen = networks.into_iter().filter(|it| names.contains(&it.name));
    chosen.flat_map(|it| [it.name, it.id]).collect()
}

impl Container {
    /// What its labels contribute; what is wrong with them is told and costs only them.
    pub(super) fn blocks(&self, ingress: &BTreeSet<String>, tell: &dyn Fn(&str)) -> Vec<Block> {
        let addresses = self.addresses(ingress);
        let labels = self.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        match translate(labels, &addresses) {
            Ok(blocks) => {
                if addresses.is_empty() && !blocks.is_empty() {
                    tell(&format!("container {} is on no network of the proxy", self.id));
                }
                blocks
            }
            Err(error) => {
                tell(&format!("the labels of container {} do not count: {error}", self.id));
                Vec::new()
            }
        }
    }

    fn addresses(&self, ingress: &BTreeSet<String>) -> Vec<String> {
        let own = self.labels.get(INGRESS_NETWORK);
        let counts = |(name, at): &(&String, &Endpoint)| match own {
            Some(own) => *name == own,
            None => ingress.contains(*name) || ingress.contains(&at.network),
        };
        let chosen = self.network_settings.networks.iter().filter(counts);
        // A container that is about to start or end has no address.
        chosen.map(|it| it.1.address.clone()).filter(|it| !it.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use homelab_core::proxy::caddyfile::assemble;
    use serde_json::{Value, json};

    use super::*;

    /// The Caddyfile of containers on the networks `p` (10.0.0.x) and `q` (10.1.0.x), of which
    /// `p` is the proxy's, then what was told.
    #[track_caller]
    fn generated(containers: &[(Value, &[&str])]) -> String {
        let networks = json!([{"Name": "h_p", "Id": "1"}, {"Name": "h_q", "Id": "2"}]);
        let networks = serde_json::from_value(networks).expect("it is what Docker says");
        let ingress = ingress(networks, &["h_p".to_owned(), "other".to_owned()]);
        let told = RefCell::new(Vec::new());
        let mut blocks = Vec::new();
        for (at, (labels, on)) in containers.iter().enumerate() {
            let endpoint = |it: &&str| match *it {
                "p" => ("h_p", json!({"NetworkID": "1", "IPAddress": format!("10.0.0.{at}")})),
                "q" => ("h_q", json!({"NetworkID": "2", "IPAddress": format!("10.1.0.{at}")})),
                _ => ("h_p", json!({"NetworkID": "1", "IPAddress": ""})),
            };
            let networks: BTreeMap<_, _> = on.iter().map(endpoint).collect();
            let container = json!({
                "Id": format!("c{at}"),
                "Labels": labels,
                "NetworkSettings": {"Networks": networks},
            });
            let container: Container =
                serde_json::from_value(container).expect("it is what Docker says");
            let tell = |it: &str| told.borrow_mut().push(format!("{it}\n"));
            blocks.extend(container.blocks(&ingress, &tell));
        }
        assemble(blocks).join("") + &told.into_inner().concat()
    }

    fn site() -> Value {
        json!({"caddy": "a.lan", "caddy.reverse_proxy": "{{upstreams 80}}", "other": "{{"})
    }

    #[test]
    fn addresses_on_the_networks_of_the_proxy_count() {
        let text = generated(&[(site(), &["q", "p"]), (json!({}), &["q"])]);
        assert_eq!(text, "a.lan {\n\treverse_proxy 10.0.0.0:80\n}\n");
    }

    #[test]
    fn a_label_chooses_another_network() {
        let mut labels = site();
        labels[INGRESS_NETWORK] = "h_q".into();
        let text = generated(&[(labels, &["q", "p"]), (site(), &["p"])]);
        assert_eq!(text, "a.lan {\n\treverse_proxy 10.1.0.0:80 10.0.0.1:80\n}\n");
    }

    #[test]
    fn a_container_without_address_has_no_upstream() {
        for on in ["q", "starting"] {
            let text = generated(&[(site(), &[on])]);
            let told = "container c0 is on no network of the proxy\n";
            assert_eq!(text, format!("a.lan {{\n\treverse_proxy\n}}\n{told}"));
        }
    }

    #[test]
    fn a_template_that_is_not_known_costs_one_container() {
        let labels = json!({"caddy": "{{lower .ID}}.lan"});
        let told = "the labels of container c0 do not count: \
                    the template `{{lower .ID}}.lan` is none that is known here\n";
        assert_eq!(generated(&[(labels, &["p"])]), told);
    }
}
