//! New code for a contract that serves already, in one call or in steps, as the ledger does it.

use super::{
    Host,
    calls::enter,
    host,
    ledger::{At, Ledger, Program, State, ledger},
    limits::{CLEANED_KEYS, VALUE_BYTES, at_most},
    mirror::Step,
    refuse,
    world::{World, same},
};
use crate::{
    CallContext, Code, Refusal, Service,
    migrate::{Mode, Request, Response},
};
use prost::Message;
use std::collections::BTreeMap;

/// Who brings the state over: the steward of the test's ledger.
const STEWARD: &str = "testkit";
/// More steps than any test wants; a migration that takes them never ends.
const STEPS: u64 = 10_000;

impl World {
    /// Replaces a contract's code by another version of it, which first brings the state over when
    /// it names `migrate`; a refusal leaves the old version serving.
    ///
    /// Each version is a package of its own. Under `stint contract test` name the old version's
    /// folder with `--with`, and the runtime upgrades, too; where both versions are of one package,
    /// the runtime has only one module, and the world goes on natively and says so.
    pub fn upgrade<S: Service>(&mut self, commons: &str) -> Result<(), Refusal> {
        self.upgraded::<S>(commons, false).map(|_| ())
    }

    /// The same in steps, each a block of its own: reads see the old state, writes make a new one,
    /// and at the end the new state is checked. A refusal gives the upgrade up. Answers with the
    /// number of steps, the check included.
    pub fn upgrade_in_steps<S: Service>(&mut self, commons: &str) -> Result<u64, Refusal> {
        self.upgraded::<S>(commons, true)
    }

    fn upgraded<S: Service>(&mut self, commons: &str, in_steps: bool) -> Result<u64, Refusal> {
        let at = (commons.to_string(), S::NAME.to_string());
        let serving = ledger(|l| l.contracts.get(&at).map(|c| c.0.package));
        if serving == Some(S::PACKAGE) {
            let why = format!(
                "both versions of {} are of the package {}; give the old one a package of its own",
                S::NAME,
                S::PACKAGE
            );
            self.natively_from_here(&why);
        }
        // The block of the upgrade; steps have blocks of their own.
        let (height, time_ms) = ledger(|l| {
            l.commons.insert(commons.into());
            l.height += 1;
            l.events.clear();
            (l.height, l.time_ms)
        });
        let reply = self.mirrored(Step {
            op: "upgrade".into(),
            commons: commons.into(),
            service: S::NAME.into(),
            package: S::PACKAGE.into(),
            in_steps,
            height,
            time_ms,
            ..Step::default()
        });
        let program = Program::of::<S>(reply.as_ref().map(|r| r.code_hash.as_slice()).unwrap_or_default());
        let before = ledger(|l| l.clone());
        let result = match in_steps {
            false => whole::<S>(&at, &before, program),
            true => steps::<S>(&at, &before, program),
        };
        if result.is_err() {
            // What the blocks counted stays; a migration wrote nothing else.
            ledger(|l| {
                let height = l.height;
                *l = before;
                l.height = height;
            });
        }
        let bytes = result.clone().map(|steps| steps.to_be_bytes().to_vec());
        same(&bytes, reply, &self.events(), &format!("the upgrade of {}", S::NAME));
        result
    }
}

/// All of it in one call.
fn whole<S: Service>(at: &At, before: &Ledger, program: Program) -> Result<u64, Refusal> {
    let old = serving(at, before)?;
    if S::MIGRATES {
        let (answer, _) = migrate::<S>(at, before, &old, Vec::new(), Mode::Whole, None)?;
        if !answer.done {
            let why = format!("{} says that there is more to bring over; upgrade it in steps", S::NAME);
            return refuse(Code::FailedPrecondition, "unfinished", why);
        }
    }
    switch(at, program, None);
    Ok(0)
}

/// Step by step beside the old state, then the check, then the switch.
fn steps<S: Service>(at: &At, before: &Ledger, program: Program) -> Result<u64, Refusal> {
    let old = serving(at, before)?;
    if !S::MIGRATES {
        let why = format!("{} brings nothing over; upgrade without steps", S::PACKAGE);
        return refuse(Code::FailedPrecondition, "no-migration", why);
    }
    let (mut cursor, mut next, mut steps) = (Vec::new(), BTreeMap::new(), 0);
    loop {
        steps += 1;
        assert!(steps < STEPS, "{} is not done after {STEPS} steps", S::NAME);
        let now = next_block();
        let (answer, written) = migrate::<S>(at, &now, &old, cursor, Mode::Step, Some(next))?;
        (cursor, next) = (answer.cursor, written);
        if answer.done {
            break;
        }
    }
    // The check reads the new state.
    let left =
        ledger(|l| l.contracts.get_mut(at).map(|c| std::mem::replace(&mut c.1, next.clone())).unwrap_or_default());
    let now = next_block();
    migrate::<S>(at, &now, &old, cursor, Mode::Check, None)?;
    switch(at, program, Some(next));
    // The blocks that delete what nobody reads any more.
    ledger(|l| l.height += (left.len() / CLEANED_KEYS) as u64 + 1);
    Ok(steps + 1)
}

fn next_block() -> Ledger {
    ledger(|l| {
        l.height += 1;
        l.clone()
    })
}

fn serving(at: &At, before: &Ledger) -> Result<Program, Refusal> {
    let missing = || {
        let why = format!("nothing serves {} as {} yet; deploy the code instead", at.0, at.1);
        Refusal::new(Code::NotFound, "service", why)
    };
    before.contracts.get(at).map(|c| c.0.clone()).ok_or_else(missing)
}

fn switch(at: &At, program: Program, state: Option<BTreeMap<Vec<u8>, Vec<u8>>>) {
    ledger(|l| {
        if let Some(contract) = l.contracts.get_mut(at) {
            contract.0 = program;
            contract.1 = state.unwrap_or_else(|| std::mem::take(&mut contract.1));
        }
    });
}

/// Runs the new code's migration once. Gives its answer, and what it wrote beside the old state.
fn migrate<S: Service>(
    at: &At,
    before: &Ledger,
    old: &Program,
    cursor: Vec<u8>,
    mode: Mode,
    next: Option<BTreeMap<Vec<u8>, Vec<u8>>>,
) -> Result<(Response, State), Refusal> {
    let asked = Request { from_code_hash: old.code.to_vec(), cursor, mode: mode as i32 };
    let frame = Host {
        context: CallContext { caller: STEWARD.into(), signer: STEWARD.into(), ..CallContext::default() },
        roles: vec!["steward".into()],
        read_only: mode == Mode::Check,
        next,
        ..Host::default()
    };
    let bytes = enter(at, before, frame, &format!("{} stint_migrate", S::NAME), || {
        let bytes = (S::migrate)(&asked.encode_to_vec()).unwrap_or(Ok(Vec::new()))?;
        let cursor = Response::decode(bytes.as_slice()).map(|r| r.cursor.len()).unwrap_or_default();
        at_most("a cursor", cursor, VALUE_BYTES);
        Ok(bytes)
    })?;
    let written = host(|h| h.next.take()).unwrap_or_default();
    Ok((Response::decode(bytes.as_slice()).unwrap_or_default(), written))
}
