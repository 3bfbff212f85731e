//! `stint book replay`: plays published cases against a fresh commons on the ledger's own runtime, in this
//! process, and says for each whether the book does what the case says, or what is different.

use crate::cli::Failure;
use book_replay::{Executor, plans, run};
use clap::Args;
use prost::Message;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use stint_proto::v1;
use stint_sdk::Refusal;
use stint_testkit::{Ledger, STEWARD};

/// The contract that comes with this program.
const BOOK: &[u8] = include_bytes!("../../../../contracts/dist/book.wasm");
/// 2026-12-01: after all that published cases say.
const NOW_MS: u64 = 1_796_083_200_000;

/// Plays cases of Valueflows against the book and prints, for each, pass or the first difference.
#[derive(Args)]
pub struct Replay {
    /// Files of cases: given, events, expect
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Replay {
    pub fn execute(&self) -> Result<(), Failure> {
        let read = |file: &PathBuf| fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()));
        let library = self.beside();
        let mut on = Book::new()?;
        let (mut passed, mut failed) = (0, 0);
        for file in &self.files {
            let cases = plans(&read(file)?, &library).map_err(|e| format!("{}: {e}", file.display()))?;
            println!("{}", file.display());
            for case in &cases {
                let report = run(case, &mut on);
                println!("  {}", report.to_string().replace('\n', "\n  "));
                *(if report.passed() { &mut passed } else { &mut failed }) += 1;
            }
        }
        println!("{passed} passed, {failed} failed");
        match failed {
            0 => Ok(()),
            n => Err(format!("{n} cases differ from what the book does").into()),
        }
    }

    /// The files and those beside them: a case may build on one of another file.
    fn beside(&self) -> Vec<String> {
        let folders = self.files.iter().filter_map(|file| file.parent());
        let folders = folders.map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let beside = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten().map(|e| e.path());
        let json = beside.filter(|path| path.extension().is_some_and(|e| e == "json"));
        let files: BTreeSet<PathBuf> = json.chain(self.files.iter().cloned()).collect();
        // Not every file beside holds cases.
        let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
        texts.filter(|text| plans(text, &[]).is_ok()).collect()
    }
}

/// A book on the ledger's runtime; each case has a commons of its own.
struct Book {
    ledger: Ledger,
    code: v1::DeployRequest,
    cases: u32,
}

impl Book {
    fn new() -> Result<Book, Failure> {
        let mut ledger = Ledger::new();
        ledger.time_ms = NOW_MS;
        let code = ledger.try_publish(BOOK).map_err(|r| r.to_string())?;
        let code_hash = bytes::Bytes::copy_from_slice(&code.0);
        Ok(Book { ledger, code: v1::DeployRequest { code_hash }, cases: 0 })
    }

    fn commons(&self) -> String {
        format!("case-{}", self.cases)
    }
}

fn method(name: &str) -> String {
    format!("/stint.book.v1.Book/{name}")
}

/// A refusal as the SDK has it.
pub fn told(refusal: impl Into<v1::Refusal>) -> Refusal {
    let refusal: v1::Refusal = refusal.into();
    let lost = || Refusal::invalid("refusal", "a refusal that cannot be read");
    Refusal::decode(&refusal.encode_to_vec()).unwrap_or_else(lost)
}

impl Executor for Book {
    fn fresh(&mut self) -> Result<(), Refusal> {
        self.cases += 1;
        self.ledger.found(&self.commons(), &[]);
        let deployed: Result<v1::DeployResponse, _> = self.ledger.kernel(&self.commons(), "Deploy", &self.code);
        deployed.map(drop).map_err(told)
    }

    fn call(&mut self, name: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        let receipt = self.ledger.call(&self.commons(), STEWARD, &method(name), request);
        match receipt.refusal {
            Some(refusal) => Err(told(refusal)),
            None => Ok(receipt.response.to_vec()),
        }
    }

    fn query(&mut self, name: &str, request: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.ledger.query(&self.commons(), &method(name), request).map_err(told)
    }
}
