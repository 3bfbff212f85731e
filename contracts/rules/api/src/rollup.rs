//! What one unit of a resource cost to make: the value roll-up of Sensorica's value equation.
//!
//! ```text
//! rollup(r)  = average over the processes that made r, weighted by what each produced, of
//!              cost(process) / produced
//! cost       = (uses + work + Σ rollup(input) × consumed) × (1 + citations)
//! rollup(b)  = what was paid / what was bought, for a resource that was bought
//! ```
//!
//! Uses and work are values; citations are a part of the value of the production. Source: the value equations of
//! NRP (valuenetwork), as in `DOMAIN.md` §3.1, where the division by what was produced stands once for the sum
//! and once more behind the inputs; values per unit add up only when it is done once, for the whole sum.

use std::collections::{BTreeMap, BTreeSet};
use stint_sdk::{Code, Ratio, Refusal};

/// Steps from a resource back to what was bought at most.
const DEPTH: usize = 100;

/// How a resource came to be.
#[derive(Clone, Debug)]
pub enum Origin {
    /// For so much, so much of it; expenses of the purchase are part of what was paid.
    Bought {
        /// What was paid, with expenses.
        paid: Ratio,
        /// How much was bought.
        quantity: Ratio,
    },
    /// By these processes.
    Made(Vec<Process>),
}

/// One run that produced some of a resource.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// How much it produced.
    pub produced: Ratio,
    /// Value of each use of equipment.
    pub uses: Vec<Ratio>,
    /// Value of each claim for work.
    pub work: Vec<Ratio>,
    /// What it consumed: a resource, and how much of it.
    pub inputs: Vec<(String, Ratio)>,
    /// For what it cites, as parts of its value: 0.05 is 5 %.
    pub citations: Vec<Ratio>,
}

/// The value of one unit of a resource.
pub fn rollup(resource: &str, origins: &BTreeMap<String, Origin>) -> Result<Ratio, Refusal> {
    Walk { origins, known: BTreeMap::new(), path: BTreeSet::new() }.unit(resource)
}

struct Walk<'a> {
    origins: &'a BTreeMap<String, Origin>,
    /// Every resource is computed once, however many consume it.
    known: BTreeMap<&'a str, Ratio>,
    /// What is being computed.
    path: BTreeSet<&'a str>,
}

impl<'a> Walk<'a> {
    fn unit(&mut self, resource: &str) -> Result<Ratio, Refusal> {
        if let Some(value) = self.known.get(resource) {
            return Ok(value.clone());
        }
        let missing = || {
            let message = format!("it is not told how {resource} came to be: bought, or made by processes");
            Refusal::new(Code::NotFound, "rollup", message)
        };
        let (name, origin) = self.origins.get_key_value(resource).ok_or_else(missing)?;
        if self.path.len() == DEPTH {
            let message = format!("{resource} lies more than {DEPTH} steps back; cut the walk where a value is known");
            return Err(Refusal::new(Code::ResourceExhausted, "rollup", message));
        }
        if !self.path.insert(name) {
            return Err(refuse(format!("{resource} went into its own making; what is consumed must come before")));
        }
        let value = match origin {
            Origin::Bought { paid, quantity } => per_unit(paid, quantity, resource)?,
            Origin::Made(processes) => self.average(resource, processes)?,
        };
        self.path.remove(name.as_str());
        self.known.insert(name, value.clone());
        Ok(value)
    }

    /// The weighted average of costs per unit is all cost over all that was produced.
    fn average(&mut self, resource: &str, processes: &[Process]) -> Result<Ratio, Refusal> {
        let (mut cost, mut produced) = (Ratio::ZERO, Ratio::ZERO);
        for process in processes {
            cost = cost.plus(&self.cost(process)?)?;
            produced = produced.plus(&process.produced)?;
        }
        per_unit(&cost, &produced, resource)
    }

    fn cost(&mut self, process: &Process) -> Result<Ratio, Refusal> {
        let mut value = Ratio::ZERO;
        for own in process.uses.iter().chain(&process.work) {
            value = value.plus(own)?;
        }
        for (resource, consumed) in &process.inputs {
            value = value.plus(&self.unit(resource)?.times(consumed)?)?;
        }
        let mut parts = Ratio::ONE;
        for citation in &process.citations {
            parts = parts.plus(citation)?;
        }
        value.times(&parts)
    }
}

fn per_unit(value: &Ratio, quantity: &Ratio, resource: &str) -> Result<Ratio, Refusal> {
    if quantity.is_negative() || quantity.is_zero() {
        return Err(refuse(format!("{quantity} of {resource} were bought or produced; it must be above 0")));
    }
    value.over(quantity)
}

fn refuse(message: String) -> Refusal {
    Refusal::invalid("rollup", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Ratio {
        Ratio::parse(text).unwrap()
    }

    fn made(process: Process) -> Origin {
        Origin::Made(vec![process])
    }

    /// The published case of Sensorica's value equation.
    fn nrp() -> BTreeMap<String, Origin> {
        let child = Process {
            produced: n("1"),
            work: vec![n("25")],
            inputs: vec![("consumable".into(), n("1"))],
            ..Process::default()
        };
        let parent = Process {
            produced: n("1"),
            uses: vec![n("10"), n("50")],
            inputs: vec![("child".into(), n("1"))],
            ..Process::default()
        };
        let consumable = Origin::Bought { paid: n("120"), quantity: n("2") };
        [("consumable".into(), consumable), ("child".into(), made(child)), ("parent".into(), made(parent))].into()
    }

    #[test]
    fn the_published_roll_up_is_145() {
        assert_eq!(rollup("parent", &nrp()).unwrap(), n("145"));
        assert_eq!(rollup("child", &nrp()).unwrap(), n("85"));
    }

    #[test]
    fn processes_are_averaged_by_what_they_produced_and_citations_are_a_part_of_the_value() {
        let process = |produced, work, cited: &[&str]| Process {
            produced: n(produced),
            work: vec![n(work)],
            citations: cited.iter().map(|c| n(c)).collect(),
            ..Process::default()
        };
        let origins =
            [("r".to_string(), Origin::Made(vec![process("3", "30", &[]), process("1", "50", &["0.05", "0.05"])]))];
        assert_eq!(rollup("r", &origins.into()).unwrap(), n("21.25"));
    }

    #[test]
    fn what_cannot_be_walked_is_refused() {
        let consuming =
            |name: &str| made(Process { produced: n("1"), inputs: vec![(name.into(), n("1"))], ..Process::default() });
        let refused = |origins: Vec<(String, Origin)>| rollup("r0", &origins.into_iter().collect()).unwrap_err();
        assert!(
            refused(vec![("r0".into(), consuming("r1")), ("r1".into(), consuming("r0"))])
                .message
                .contains("own making")
        );
        assert_eq!(refused(vec![("r0".into(), consuming("r1"))]).code, Code::NotFound);
        assert!(refused(vec![("r0".into(), Origin::Made(vec![]))]).message.contains("above 0"));
        let chain = (0..200).map(|i| (format!("r{i}"), consuming(&format!("r{}", i + 1)))).collect();
        assert_eq!(refused(chain).code, Code::ResourceExhausted);
    }
}
