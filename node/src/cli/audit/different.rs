//! What an audit ends with when something differs.

use crate::cli::show;
use std::fmt;

/// Rows of a difference that are shown.
pub const ROWS: usize = 12;
/// Cells of a value in such a row.
const CELLS: usize = 64;
/// Cells of a sentence: names and messages in it are whatever somebody chose.
const SENTENCE: usize = 1_000;

/// What validators signed is not what the rules lead to: where, and how.
#[derive(Debug)]
pub struct Different {
    place: String,
    why: String,
    /// What is meant, what the export says of it, and what comes out.
    rows: Vec<[String; 3]>,
}

impl Different {
    /// Something that no row can show.
    pub fn new(place: String, why: String) -> Different {
        Different::with(place, &why, Vec::new())
    }

    /// The same with rows for what differs.
    pub fn with(place: String, why: &str, mut rows: Vec<[String; 3]>) -> Different {
        let more = rows.len() > ROWS;
        rows.truncate(ROWS);
        let mut rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| show::fit(cell, CELLS))).collect();
        if more {
            rows.push(["and more".into(), String::new(), String::new()]);
        }
        Different { place: show::fit(&place, SENTENCE), why: show::fit(why, SENTENCE), rows }
    }
}

impl fmt::Display for Different {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "different: {}: {}", self.place, self.why)?;
        match self.rows.is_empty() {
            true => Ok(()),
            false => write!(f, "\n\n{}", show::table(&["", "the export says", "comes out"], &self.rows)),
        }
    }
}

impl std::error::Error for Different {}
