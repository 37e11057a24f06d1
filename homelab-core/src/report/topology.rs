//! Draws the stack as a Mermaid diagram: ways in, routes, uses, ways out.

use std::fmt::Write as _;

use super::profile_names;
use crate::model::exposure;
use crate::model::project::{Member, Project};
use crate::model::reach::{self, Why};

/// Returns the diagram without a code fence.
pub fn mermaid(project: &Project<'_>) -> String {
    let mut out =
        "flowchart LR\n  lan([devices in the house])\n  internet([internet])\n".to_owned();
    let groups: indexmap::IndexSet<_> =
        project.members().map(|it| profile_names(&it.service.profiles)).collect();
    for group in groups {
        let _ = writeln!(out, "  subgraph {group}");
        for member in project.members() {
            if profile_names(&member.service.profiles) == group {
                let _ = writeln!(out, "    {}", node(&member));
            }
        }
        out.push_str("  end\n");
    }
    for member in project.members() {
        edges(project, &member, &mut out);
    }
    out
}

/// Draws a node; a database has the shape of one.
fn node(member: &Member<'_>) -> String {
    let name = member.name;
    if member.role() == Some(crate::dsl::service::RoleKind::Data) {
        format!("{name}[({name})]")
    } else {
        format!("{name}[{name}]")
    }
}

fn edges(project: &Project<'_>, member: &Member<'_>, out: &mut String) {
    let name = member.name;
    let ports = exposure::ports(project, member);
    let ports: Vec<_> = ports.iter().map(|it| format!("{}/{}", it.port, it.protocol)).collect();
    if !ports.is_empty() {
        let _ = writeln!(out, "  lan -->|\"{}\"| {name}", ports.join(", "));
    }
    for site in project.sites_of(name) {
        for host in site.addresses().map(|it| site.place(it)) {
            for edge in project
                .members()
                .filter(|it| it.role() == Some(crate::dsl::service::RoleKind::Edge))
            {
                let _ = writeln!(out, "  {} -->|\"{host}\"| {name}", edge.name);
            }
        }
    }
    let is_meant = |other: &Member<'_>| {
        member.facts().uses.contains(&other.name) || reach::why(project, member, other) == Why::Uses
    };
    for other in project.neighbours(member).into_iter().filter(is_meant) {
        let via: Vec<_> = project.shared(member, &other).collect();
        let _ = writeln!(out, "  {name} -.->|\"{}\"| {}", via.join(", "), other.name);
    }
    if exposure::way_out(project, member).is_some() {
        let _ = writeln!(out, "  {name} --> internet");
    }
}

/// Writes the page.
pub fn markdown(project: &Project<'_>) -> String {
    format!(
        "# Topology\n\nSolid: connections from outside, by port or host name, and to the internet. \
         Dashed: what uses what, by network.\n\n```mermaid\n{}```\n",
        mermaid(project)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{good, spec};

    #[test]
    fn whoever_knows_another_or_gets_out_is_drawn() {
        let mut stack = good();
        let fetch = spec(&mut stack, "fetch").name;
        spec(&mut stack, "web").peers.push(fetch);
        let project = Project::from_stack(&stack);
        let drawn = mermaid(&project);
        assert!(drawn.contains("| fetch\n"), "{drawn}");
        for way in exposure::gather(&project).ways_out {
            assert!(drawn.contains(&format!("  {} --> internet\n", way.service)), "{drawn}");
        }
        assert!(drawn.contains("  caddy --> internet\n"), "{drawn}");
    }
}
