//! Writes a plan as text for a terminal, and as Markdown for a pull request.

use std::fmt::Write as _;

use crate::release::plan::{Action, Fate, Gain, Plan, Step, Touched, Way, WayKind};

/// Writes a plan for a terminal: first power over the host, then what becomes reachable, services,
/// data and dumps.
pub fn text(plan: &Plan) -> String {
    let mut out = headline(plan);
    out.push('\n');
    section(&mut out, "gets power over the host", plan.power.iter().map(gain));
    section(&mut out, "warning", plan.warnings.iter().cloned());
    section(&mut out, "becomes reachable", plan.opens.iter().map(way));
    section(&mut out, "is reachable no more", plan.closes.iter().map(way));
    let touched = plan.services.iter().filter(|it| it.action != Action::Unchanged);
    for (at, step) in touched.enumerate() {
        if at == 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{} {}{}", sign(step.action), step.service, line(&detail(step)));
        for change in &step.changes {
            let _ = writeln!(out, "    {}", line(&change.to_string()));
        }
    }
    let unchanged: Vec<_> = plan.with(Action::Unchanged).collect();
    if !unchanged.is_empty() {
        let _ = writeln!(out, "\n= unchanged: {}", unchanged.join(", "));
    }
    section(&mut out, "data", plan.data.iter().map(touched_data));
    section(&mut out, "dumped first", plan.dumps.iter().cloned());
    out
}

/// Writes a plan for a pull request, with the long parts folded.
pub fn markdown(plan: &Plan) -> String {
    let mut out = String::new();
    let opens: Vec<_> = plan.opens.iter().map(|it| code(&way(it))).collect();
    let closes: Vec<_> = plan.closes.iter().map(|it| code(&way(it))).collect();
    let power: Vec<_> = plan.power.iter().map(|it| code(&gain(it))).collect();
    let warnings: Vec<_> = plan.warnings.iter().map(|it| code(it)).collect();
    bullets(&mut out, "### ⚠️ Gets power over the host", &power);
    bullets(&mut out, "### ⚠️ Warning", &warnings);
    bullets(&mut out, "### ⚠️ Becomes reachable", &opens);
    bullets(&mut out, "### Is reachable no more", &closes);
    if opens.is_empty() && closes.is_empty() {
        out.push_str("No way in or out appears or vanishes.\n\n");
    }
    let _ = writeln!(out, "### {}\n", headline(plan));
    let touched: Vec<_> =
        plan.services.iter().filter(|it| it.action != Action::Unchanged).collect();
    if !touched.is_empty() {
        out.push_str("| | Service | Why | Down at most |\n| --- | --- | --- | --- |\n");
    }
    for step in &touched {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            step.action.word(),
            cell(&step.service),
            why(step).join("<br>"),
            step.down_at_most.map_or_else(|| "–".to_owned(), |it| format!("{it} s")),
        );
    }
    let unchanged: Vec<_> = plan.with(Action::Unchanged).map(cell).collect();
    if !unchanged.is_empty() {
        let _ = writeln!(out, "\nUnchanged: {}.\n", unchanged.join(", "));
    }
    let data: Vec<_> = plan.data.iter().map(|it| code(&touched_data(it))).collect();
    if !data.is_empty() {
        let _ = writeln!(out, "<details><summary>Volumes and folders ({})</summary>\n", data.len());
        bullets(&mut out, "", &data);
        out.push_str("</details>\n\n");
    }
    let dumps: Vec<_> = plan.dumps.iter().map(|it| code(it)).collect();
    bullets(&mut out, "Dumped first:", &dumps);
    out
}

/// Says what happens in one line.
fn headline(plan: &Plan) -> String {
    let from = plan.from.as_deref().map_or("nothing", short);
    let count = |it| plan.with(it).count();
    let counts: Vec<_> = [Action::Created, Action::Recreated, Action::Started, Action::Stopped]
        .into_iter()
        .filter(|it| count(*it) > 0)
        .map(|it| format!("{} {}", count(it), it.word()))
        .collect();
    let counts =
        if counts.is_empty() { "no container is touched".to_owned() } else { counts.join(", ") };
    format!("{from} → {}: {counts}", short(&plan.to))
}

/// Shortens a commit to its first digits.
fn short(release: &str) -> &str {
    release.get(..12).filter(|_| release.len() == 40).unwrap_or(release)
}

fn section(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<_> = lines.collect();
    if !lines.is_empty() {
        let _ = writeln!(out, "\n{title}");
        for it in lines {
            let _ = writeln!(out, "  {}", line(&it));
        }
    }
}

/// Puts text from a file on one line, so that a value cannot look like a line of the plan.
fn line(text: &str) -> String {
    text.replace('\r', "\\r").replace('\n', "\\n")
}

fn bullets(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    if !title.is_empty() {
        let _ = writeln!(out, "{title}\n");
    }
    for line in lines {
        let _ = writeln!(out, "- {line}");
    }
    out.push('\n');
}

fn gain(it: &Gain) -> String {
    format!("{} {}", it.service, it.what)
}

fn way(way: &Way) -> String {
    let Way { service, what, how, .. } = way;
    match way.kind {
        WayKind::Port => format!("port {what} of {service}"),
        WayKind::Host => format!("https://{what} of {service}: {how}"),
        WayKind::Inside => format!("{service} reaches {what} {how}"),
        WayKind::Out => format!("{service} → {what} {how}"),
    }
}

fn touched_data(it: &Touched) -> String {
    let fate = match it.fate {
        Fate::New => "used for the first time",
        Fate::Remounted => "goes to the new container",
        Fate::Left => "stays, and nobody uses it",
    };
    format!("{} ({}): {fate}", it.source, it.service)
}

const fn sign(action: Action) -> &'static str {
    match action {
        Action::Created => "+",
        Action::Recreated => "~",
        Action::Started => "^",
        Action::Stopped => "-",
        Action::Unchanged => "=",
    }
}

/// Writes what follows a service's name on a terminal.
fn detail(step: &Step) -> String {
    let mut out = format!(" {}", step.action.word());
    if let Some(because) = &step.because {
        let _ = write!(out, ": {because}");
    }
    if step.action == Action::Created
        && let Some(image) = &step.image_to
    {
        let _ = write!(out, ": {image}");
    }
    if let Some(seconds) = step.down_at_most {
        let _ = write!(out, " (down at most {seconds} s)");
    }
    out
}

/// Writes the reasons as cells of a table.
fn why(step: &Step) -> Vec<String> {
    let changes = step.changes.iter().map(|it| code(&it.to_string()));
    let because = step.because.iter().map(|it| cell(it));
    let image = step.image_to.iter().filter(|_| step.action == Action::Created).map(|it| code(it));
    changes.chain(because).chain(image).collect()
}

/// Escapes text from a file, so that nothing in it is read as Markdown or HTML.
fn code(text: &str) -> String {
    let plain = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    let longest = plain.split(|it| it != '`').map(str::len).max().unwrap_or_default();
    // The fence is longer than any in the text; Markdown does not show its spaces.
    let fence = "`".repeat(longest + 1);
    if longest == 0 { format!("`{plain}`") } else { format!("{fence} {plain} {fence}") }
}

fn cell(text: &str) -> String {
    let mut out = String::new();
    for it in text.chars() {
        match it {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push_str("\\|"),
            '\n' | '\r' => out.push(' '),
            '@' | '#' | '*' | '_' | '[' | ']' | '`' | '~' => {
                out.push('\\');
                out.push(it);
            }
            _ => out.push(it),
        }
    }
    out
}
