//! `stint contract check`.

use super::{build::build, package::Package, test::fuel_seen};
use crate::cli::{Failure, show};
use clap::Args;
use std::{collections::BTreeMap, fs, path::PathBuf};
use stint_proto::{
    hash_parts,
    limits::{CALL_FUEL, MODULE_BYTES},
};
use stint_runtime::{Checked, check};
use stint_testkit::Ledger;

/// Says what an upload would say.
#[derive(Args)]
pub struct Check {
    /// A module, or a contract's folder, which is built first
    #[arg(default_value = ".")]
    what: PathBuf,
}

impl Check {
    pub fn execute(&self) -> Result<(), Failure> {
        let (module, seen) = if self.what.is_dir() {
            let package = Package::read(&self.what)?;
            (build(&package, false)?.module, fuel_seen(&package))
        } else {
            let bytes = fs::read(&self.what).map_err(|e| format!("{}: {e}", self.what.display()))?;
            (bytes, BTreeMap::new())
        };
        let checked = check(&module).map_err(|why| format!("a ledger refuses this module: {why}"))?;
        print(&module, &checked, &seen);
        Ok(())
    }
}

fn print(module: &[u8], checked: &Checked, seen: &BTreeMap<String, u64>) {
    let d = &checked.descriptor;
    let size = module.len();
    println!("A ledger takes this module.\n");
    println!("service   {}", d.service);
    println!("code      {}", hash_parts(&[module]));
    println!("size      {size} of {MODULE_BYTES} bytes  {}", show::bar(size as u64, MODULE_BYTES as u64, 30));
    println!("memory    {} kB in a fresh instance, {} bytes of data", checked.memory_pages * 64, checked.data_bytes);
    println!("kind      {}", if checked.pure { "imports nothing: it can serve as a pure rule" } else { "contract" });
    println!(
        "upgrade   {}",
        if checked.migrates { "brings older state over (stint_migrate)" } else { "keeps the state as it is" }
    );
    println!("serves    {} ms of the ledger's time after it is published, when no other code waits", checked.ready_ms);
    if !checked.meta.source_hash.is_empty() {
        println!("source    {}", hex::encode(&checked.meta.source_hash));
        println!("by        {}, {}", checked.meta.sdk, checked.meta.compiler);
    }
    let mut ledger = Ledger::new();
    ledger.found("check", &[("author", &["steward"])]);
    ledger.deploy("check", module);
    let mut rows = Vec::new();
    for m in &d.methods {
        let path = format!("/{}/{}", d.service, m.name);
        let agent = if m.query { "" } else { "author" };
        let done = ledger.simulate("check", agent, &path, b"");
        let most = seen.get(&path);
        let share = most.map(|f| show::bar(*f, CALL_FUEL, 20)).unwrap_or_default();
        let kind = if m.query { "query" } else { "command" };
        let most = most.map_or("-".to_string(), u64::to_string);
        rows.push([m.name.clone(), kind.into(), done.fuel_used.to_string(), most, share]);
    }
    println!();
    println!(
        "{}",
        show::table(&["method", "kind", "fuel, empty request", "fuel, most in tests", "of a call's limit"], &rows)
    );
    if !checked.state.is_empty() {
        println!("\nkeeps");
        for line in checked.state.lines() {
            println!("  {line}");
        }
    }
    if seen.is_empty() {
        println!("\nstint contract test also measures what each method burns in the tests.");
    }
}
