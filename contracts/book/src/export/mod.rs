//! The book as text for other programs: each page is a whole document of its kind.

mod csv;
mod epcis;
mod hledger;
mod json;
mod jsonld;

use crate::{
    index::{self},
    keys::Tag,
    moment::span,
    proto::{ExportKind, ExportRequest, ExportResponse},
};
use stint_sdk::Refusal;

/// An answer has at most 1 MB, and an event as text rarely 2 kB.
const ROWS: usize = 250;

pub fn export(request: ExportRequest) -> Result<ExportResponse, Refusal> {
    let Ok(kind) = ExportKind::try_from(request.kind) else {
        let why = format!("{} is no kind of export; VF_JSONLD, EPCIS, HLEDGER and CSV are", request.kind);
        return Err(Refusal::invalid("kind", why));
    };
    let span = span(&request.from, &request.to)?;
    let rows = index::rows(request.page_size).min(ROWS);
    let (events, next_page_token) = index::page(Tag::All, span, rows, &request.page_token, |_| true)?;
    let text = match kind {
        ExportKind::VfJsonld => jsonld::document(&events),
        ExportKind::Epcis => epcis::document(&events),
        ExportKind::Hledger => hledger::document(&events),
        ExportKind::Csv => csv::document(&events, request.page_token.is_empty()),
    };
    Ok(ExportResponse { text, next_page_token })
}
