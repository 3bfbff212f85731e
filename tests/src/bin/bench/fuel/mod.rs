//! What a unit of fuel buys: for every class of instruction, every host function and every method of
//! the kernel, the time of a call that does nothing else, divided by the fuel it burns. Fuel is the
//! ledger's clock, so the slowest unit decides how long a block can take.
//!
//! | file | what |
//! |---|---|
//! | `cases.rs` | contracts: instructions, memories, host functions, what lies in the state before |
//! | `kernel.rs` | methods of the kernel, calls that are refused before they begin, code that was not called yet |
//! | `modules.rs` | modules from text; such that are slow to compile, beside the time given for it |
//!
//! The state lies in a store like a node's: RocksDB in a folder. The check fails when the slowest is
//! more than [`SLOWEST`] medians, or a block of nothing but it takes more than twice
//! [`BLOCK_TARGET_MS`]; it names all that are.

mod cases;
mod kernel;
mod modules;

use crate::{
    report::{Report, best},
    state::Rooted,
};
use cases::{Case, RULE, called, cases, text};
pub use modules::compile;
use modules::module;
use prost::Message;
use std::sync::Arc;
use stint_proto::{
    Transaction,
    limits::{BLOCK_FUEL, BLOCK_TARGET_MS, CALL_FUEL},
    v1,
};
use stint_runtime::{BlockContext, BlockResult, Contracts, ContractsOptions, State, Writes, execute_block};
use stint_testkit::Ledger;

/// The slowest class may be so many times slower than the median.
const SLOWEST: f64 = 5.0;
/// Keys of one block while the state is filled.
const FILLED: usize = 20_000;

/// A ledger whose state lies in a store.
struct Stage {
    ledger: Ledger,
    store: Rooted,
    base: Arc<dyn State>,
    context: BlockContext,
    /// Where compiled code is kept.
    code: tempfile::TempDir,
}

impl Stage {
    /// Commons, contracts and what they keep, block by block.
    fn set(cases: &[Case]) -> Stage {
        let code = tempfile::tempdir().expect("a folder");
        let mut ledger = Ledger::with(contracts(code.path()));
        for commons in ["forge", "moot", kernel::CROWD] {
            ledger.found(commons, &[("ana", &["steward"])]);
        }
        for (name, method, text) in called() {
            ledger.deploy("forge", &module(name, method, &text));
        }
        ledger.deploy("moot", &module("E", "Case", RULE));
        let rule = ledger.publish(&module("R", "Do", RULE));
        let (mut filled, mut gone) = (Writes::new(), Writes::new());
        for (n, c) in cases.iter().enumerate() {
            ledger.deploy(commons(c), &module(&format!("C{n}"), "Do", &text(c, &rule.0)));
            for entry in 0..c.kept.0 {
                let key = [format!("c/{}/bench.v1.C{n}/0/", commons(c)).as_bytes(), &entry.to_le_bytes()].concat();
                // Bytes that compress as usual ones do: half of them.
                let value =
                    (0..c.kept.1).map(|at| if at % 2 == 0 { 7 } else { (at as u32 * 31 + entry) as u8 }).collect();
                filled.insert(key.clone(), Some(value));
                if c.gone > 0 && !entry.is_multiple_of(c.gone) {
                    gone.insert(key, None);
                }
            }
            if c.acts {
                let charter = v1::ConstituteRequest { service: format!("bench.v1.C{n}") };
                ledger.kernel::<v1::ConstituteResponse>("moot", "Constitute", &charter).expect("a charter");
            }
        }
        kernel::set(&mut ledger);
        let store = Rooted::new();
        filled.extend(ledger.state.0.iter().map(|(k, v)| (k.clone(), Some(v.clone()))));
        for writes in [filled, gone] {
            let mut writes = writes.into_iter().peekable();
            while writes.peek().is_some() {
                store.write(writes.by_ref().take(FILLED).collect());
            }
        }
        let height = store.store.tip().height;
        let base = Arc::new(store.store.state_at(height));
        let context = BlockContext { height: height + 1, time_ms: ledger.time_ms };
        Stage { ledger, store, base, context, code }
    }

    fn execute(&self, contracts: &Contracts, calls: &[Transaction]) -> BlockResult {
        execute_block(contracts, self.base.clone(), self.context, calls, |_| Ok(false)).expect("a result")
    }

    /// Nanoseconds that a unit of fuel buys of these calls, all of which end well or for want of fuel.
    fn measure(&self, name: &str, calls: &[Transaction], rounds: usize, commits: bool) -> f64 {
        let result = self.execute(&self.ledger.contracts, calls);
        for receipt in &result.receipts {
            let refusal = v1::Receipt::decode(receipt.clone()).expect("a receipt").refusal;
            assert_eq!(refusal.filter(|r| r.rule != "fuel"), None, "{name}");
        }
        let mut durable = f64::MAX;
        if commits {
            for _ in 0..3 {
                durable = durable.min(self.store.commit(Vec::new(), &result));
            }
        } else {
            durable = 0.0;
        }
        let seconds = best(rounds, || drop(self.execute(&self.ledger.contracts, calls)));
        (seconds + durable) * 1e9 / result.fuel_used as f64
    }
}

fn contracts(folder: &std::path::Path) -> Contracts {
    let options = ContractsOptions { folder: Some(folder.into()), ..Default::default() };
    Contracts::with(options).expect("an engine")
}

fn commons(c: &Case) -> &'static str {
    if c.acts { "moot" } else { "forge" }
}

/// Measures every class, and says what the slowest means for a block. An error names the classes that
/// are too slow for what they cost.
pub fn fuel(report: &mut Report) -> Result<(), String> {
    let cases = cases();
    eprintln!("preparing {} contracts and what they keep", cases.len());
    let mut stage = Stage::set(&cases);
    let mut measured: Vec<(f64, String)> = Vec::new();
    for (n, c) in cases.iter().enumerate() {
        let call = [stage.ledger.sign(commons(c), "ana", &format!("/bench.v1.C{n}/Do"), b"")];
        measured.push((stage.measure(c.name, &call, 5, c.commits), c.name.into()));
    }
    measured.extend(kernel::measure(&mut stage));
    let free = kernel::free(&mut stage);

    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let median = measured[measured.len() / 2].0;
    let slowest = measured[measured.len() - 1].0;
    for (ns, name) in &measured {
        let bar = "█".repeat(((ns / median * 6.0) as usize).min(60));
        println!("{name:<46} {ns:>9.3} ns a unit  {bar}");
    }
    report.add("fuel: median, ns a unit", median);
    report.add("fuel: slowest / median", slowest / median);
    report.add("fuel: worst call, ms", slowest * CALL_FUEL as f64 / 1e6);
    report.add("fuel: worst block, ms", slowest * BLOCK_FUEL as f64 / 1e6);
    for (ms, name) in &free {
        report.add(&format!("a block of {name}, ms"), *ms);
    }
    let target = 2.0 * BLOCK_TARGET_MS as f64;
    let dear = |ns: f64| ns > SLOWEST * median || ns * BLOCK_FUEL as f64 / 1e6 > target;
    let slow =
        measured.iter().filter(|(ns, _)| dear(*ns)).map(|(ns, name)| format!("{name} ({:.1} medians)", ns / median));
    let slow = slow
        .chain(free.iter().filter(|(ms, _)| *ms > target).map(|(ms, name)| format!("{name} (a block: {ms:.0} ms)")));
    let slow: Vec<String> = slow.collect();
    match slow.is_empty() {
        true => Ok(()),
        false => Err(format!("too slow for what they cost: {}", slow.join("; "))),
    }
}
