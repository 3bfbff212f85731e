//! R-mass: what goes into a process comes out of it, by mass.
//!
//! The mass of a flow is its quantity when that is in the unit of mass or converts to it, else the specification's mass of a
//! unit. What has neither, such as electricity or a design, has no mass; it is counted as unweighed when things of it go in
//! or come out.

use crate::{
    amount,
    authority::settings,
    fields::either,
    proto::{Process, ProcessSpec},
    state::{PROCESS_SPECS, SPECS},
};
use stint_sdk::{Code, Decimal, Refusal};

/// Hundredths of a percent of what goes in: 1/1000.
const TOLERANCE: u32 = 10;

/// The mass of an amount of a specification's things; `None` when nobody knows it.
pub fn of(amount: Decimal, unit: &str, spec: &str) -> Result<Option<Decimal>, Refusal> {
    let settings = settings();
    let mass_unit = either(&settings.mass_unit, "kg");
    if let Some(mass) = amount::converted(amount, unit, mass_unit)? {
        return Ok(Some(mass));
    }
    let Some(spec) = SPECS.get(&spec.to_string()).filter(|s| !s.mass_per_unit.is_empty()) else { return Ok(None) };
    let units = amount::in_unit(amount, unit, either(&spec.unit, unit), &spec.id)?;
    units.times(amount::kept(&spec.mass_per_unit)).map(Some)
}

/// The kind of a process.
pub fn process_spec(process: &Process) -> ProcessSpec {
    PROCESS_SPECS.get(&process.based_on).unwrap_or_default()
}

/// R-mass: refused when more is missing, or too much, than the process's kind tolerates.
pub fn balanced(process: &Process) -> Result<(), Refusal> {
    let tolerance = process_spec(process).tolerance.unwrap_or(TOLERANCE);
    let (into, residual) = (amount::kept(&process.mass_in), amount::kept(&process.residual));
    let off = if residual.is_negative() { amount::negated(residual)? } else { residual };
    let factor = |n: u32| Decimal::new(n.into(), 0).unwrap_or_default();
    if off.times(factor(10_000))? <= into.times(factor(tolerance))? {
        return Ok(());
    }
    let settings = settings();
    let unit = either(&settings.mass_unit, "kg");
    let share = percent(off, into).map_or_else(|| "nothing went in".into(), |p| format!("{p} %"));
    let allowed = Decimal::new(tolerance.into(), 2).unwrap_or_default();
    let side = if residual.is_negative() { "too much came out" } else { "is missing" };
    let why = format!(
        "{off} {unit} ({share}) > {allowed} %: {} {unit} went into {} and {} {unit} came out, {side}",
        process.mass_in, process.id, process.mass_out
    );
    Err(Refusal::new(Code::FailedPrecondition, "R-mass", why).with("residual", residual))
}

/// A share in percent with two digits behind the point, rounded half up; for messages.
fn percent(part: Decimal, whole: Decimal) -> Option<Decimal> {
    let (part, whole) = (part.at(9)?, whole.at(9)?);
    let twice = part.checked_mul(20_000)?.checked_add(whole)?.checked_div(whole.checked_mul(2)?)?;
    Decimal::new(twice, 2)
}
