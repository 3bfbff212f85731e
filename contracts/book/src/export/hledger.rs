//! A plain-text journal: a transaction for each event, a posting for each side of its lines.

use crate::{
    ask::lines,
    proto::{JournalLine, RecordedEvent},
};

pub fn document(events: &[RecordedEvent]) -> String {
    events.iter().map(transaction).collect()
}

fn transaction(record: &RecordedEvent) -> String {
    let event = record.event.clone().unwrap_or_default();
    let lines = lines(record);
    if lines.is_empty() {
        return String::new();
    }
    let day = record.time.get(..10).unwrap_or_default();
    let note = event.note.replace(['\n', '\r'], " ");
    let note = if note.is_empty() { String::new() } else { format!("  ; {note}") };
    let postings: String = lines.iter().map(postings).collect();
    format!("{day} ({}) {}{note}\n{postings}\n", event.id, event.action)
}

/// In the commodity `unit of specification`; custody is apart from rights.
fn postings(line: &JournalLine) -> String {
    let quantity = line.quantity.clone().unwrap_or_default();
    let commodity = format!("\"{} {}\"", quantity.unit, line.spec);
    let kind = match line.dimension() {
        crate::proto::Dimension::Custody => "custody:",
        _ => "",
    };
    let posting = |account: &str, sign: &str| format!("    {kind}{account}  {sign}{} {commodity}\n", quantity.value);
    posting(&line.debit, "") + &posting(&line.credit, "-")
}
