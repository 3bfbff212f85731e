//! Tables and bars.

use unicode_width::UnicodeWidthStr;

/// Columns as wide as their widest cell; numbers to the right.
pub fn table<const N: usize>(head: &[&str; N], rows: &[[String; N]]) -> String {
    columns(&head.map(String::from), rows)
}

/// The same, of any number of columns.
pub fn columns<R: AsRef<[String]>>(head: &[String], rows: &[R]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row.as_ref()) {
            *w = (*w).max(width(cell));
        }
    }
    let is_number = |c: &str| !c.is_empty() && c.chars().all(|c| c.is_ascii_digit() || ".,%-+ ".contains(c));
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, w)| {
            let pad = " ".repeat(w - width(cell));
            if is_number(cell) { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    let rule = widths.iter().map(|w| "─".repeat(*w)).collect::<Vec<_>>().join("  ");
    let mut out = vec![line(head), rule];
    out.extend(rows.iter().map(|r| line(r.as_ref())));
    out.join("\n")
}

/// A time of the ledger in UTC, to the second.
pub fn time(time_ms: u64) -> String {
    stint_sdk::Time::of_time_ms(time_ms).to_string()
}

/// A bar of `part` in `whole`, `cells` wide at most, in eighths of a cell.
pub fn bar(part: u64, whole: u64, cells: u64) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (u128::from(part) * u128::from(cells) * 8).checked_div(whole.into()).unwrap_or(0) as usize;
    let mut out = "█".repeat(eighths / 8);
    match eighths % 8 {
        0 if out.is_empty() && part > 0 => out.push('▏'),
        0 => {}
        rest => out.push(EIGHTHS[rest]),
    }
    out
}

/// Cuts a text to `cells`, marking the cut.
pub fn fit(text: &str, cells: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if width(&clean) <= cells {
        return clean;
    }
    let mut out = String::new();
    for c in clean.chars() {
        if width(&out) + width(&c.to_string()) + 1 > cells {
            break;
        }
        out.push(c);
    }
    out + "…"
}

/// Terminal cells of a text.
fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_bars() {
        let t = table(&["name", "n"], &[["ana".into(), "12".into()], ["b".into(), "3".into()]]);
        assert_eq!(t, "name  n\n────  ──\nana   12\nb      3");
        assert_eq!(bar(1, 2, 4), "██");
        assert_eq!(bar(1, 1000, 4), "▏");
        assert_eq!(bar(0, 0, 4), "");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("a\u{1b}[31m", 9), "a\u{fffd}[31m");
    }
}
