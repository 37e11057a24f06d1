//! Writes Markdown tables with aligned columns.

/// Writes a table; a `|` in a cell is escaped.
pub(super) fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let escape = |it: &String| it.replace('|', "\\|");
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(escape).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count());
        cells.chain([header[column].chars().count(), 3]).max().unwrap_or(3)
    };
    let widths: Vec<_> = (0..header.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded: Vec<_> =
            cells.iter().zip(&widths).map(|(it, width)| format!("{it:<width$}")).collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let header: Vec<_> = header.iter().map(|it| (*it).to_owned()).collect();
    let rule: Vec<_> = widths.iter().map(|it| "-".repeat(*it)).collect();
    let body: String = rows.iter().map(|it| line(it)).collect();
    format!("{}{}{body}", line(&header), line(&rule))
}
