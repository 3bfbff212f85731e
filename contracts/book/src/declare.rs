//! What a steward declares: kinds of things and of processes, conversions between units, and how the book is kept.
//!
//! Declarations never change: what was recorded under one must mean the same for ever. A better one gets another id.

use crate::{
    amount,
    authority::STEWARD,
    fields::{self, LINE, TEXT},
    proto::{
        ConfigureRequest, ConfigureResponse, Conversion, DeclareConversionRequest, DeclareProcessSpecRequest,
        DeclareSpecRequest, Identification, Known, Unbalanced,
    },
    state::{CONVERSIONS, PROCESS_SPECS, SETTINGS, SPECS},
};
use stint_sdk::{Code, Decimal, Map, Refusal, prost::Message, require_role};

/// A conversion is exact: its two numbers stay small enough for every product.
const LARGEST: u64 = 1_000_000_000_000;

pub fn configure(request: ConfigureRequest) -> Result<ConfigureResponse, Refusal> {
    require_role(STEWARD, "configure the book")?;
    let settings = request.settings.ok_or_else(|| missing("settings"))?;
    if !settings.mass_unit.is_empty() {
        fields::unit(&settings.mass_unit)?;
    }
    SETTINGS.put(&settings);
    Ok(ConfigureResponse {})
}

pub fn spec(request: DeclareSpecRequest) -> Result<Known, Refusal> {
    require_role(STEWARD, "declare specifications")?;
    let spec = request.spec.ok_or_else(|| missing("spec"))?;
    fields::id("the specification", &spec.id)?;
    texts(&spec.name, &spec.note, &spec.image)?;
    fields::text("image_list", &spec.image_list, TEXT)?;
    fields::list("resource_classified_as", &spec.resource_classified_as)?;
    for unit in [&spec.unit, &spec.effort_unit].into_iter().filter(|u| !u.is_empty()) {
        fields::unit(unit)?;
    }
    if Identification::try_from(spec.identification).is_err() {
        let why = format!("{} is no identification; SERIALIZED, LOT and STOCK are", spec.identification);
        return Err(Refusal::invalid("R1", why));
    }
    if !spec.mass_per_unit.is_empty() && amount::read(&spec.mass_per_unit)? <= Decimal::ZERO {
        return Err(Refusal::invalid("mass", format!("a mass of {} a unit is not above 0", spec.mass_per_unit)));
    }
    declare(&SPECS, spec.id.clone(), spec)
}

pub fn process_spec(request: DeclareProcessSpecRequest) -> Result<Known, Refusal> {
    require_role(STEWARD, "declare kinds of processes")?;
    let spec = request.process_spec.ok_or_else(|| missing("process spec"))?;
    fields::id("the process specification", &spec.id)?;
    texts(&spec.name, &spec.note, &spec.image)?;
    if Unbalanced::try_from(spec.unbalanced).is_err() || spec.tolerance.is_some_and(|t| t > 10_000) {
        let why = "a tolerance is at most 10,000 hundredths of a percent, and what does not balance is refused (0) or flagged (1)";
        return Err(Refusal::invalid("R-mass", why));
    }
    declare(&PROCESS_SPECS, spec.id.clone(), spec)
}

/// R6: both ways at once.
pub fn conversion(request: DeclareConversionRequest) -> Result<Known, Refusal> {
    require_role(STEWARD, "declare conversions")?;
    let c = request.conversion.ok_or_else(|| missing("conversion"))?;
    fields::unit(&c.from)?;
    fields::unit(&c.to)?;
    if c.from == c.to || !(1..=LARGEST).contains(&c.num) || !(1..=LARGEST).contains(&c.den) {
        let why = format!("a conversion is between two units, by num/den with both from 1 to {LARGEST}");
        return Err(Refusal::invalid("R6", why));
    }
    let back = Conversion { from: c.to.clone(), to: c.from.clone(), num: c.den, den: c.num };
    declare(&CONVERSIONS, amount::conversion_key(&back.from, &back.to), back)?;
    declare(&CONVERSIONS, amount::conversion_key(&c.from, &c.to), c)
}

fn declare<V: Message + Default + PartialEq>(map: &Map<String, V>, id: String, value: V) -> Result<Known, Refusal> {
    match map.get(&id) {
        Some(known) if known == value => Ok(Known { known: true }),
        Some(_) => {
            let why =
                format!("{id} was declared with other content; what was recorded under it must not change its meaning");
            Err(Refusal::new(Code::AlreadyExists, "id", why))
        }
        None => {
            map.put(&id, &value);
            Ok(Known { known: false })
        }
    }
}

fn texts(name: &str, note: &str, image: &str) -> Result<(), Refusal> {
    fields::text("name", name, LINE)?;
    fields::text("image", image, LINE)?;
    fields::text("note", note, TEXT)
}

fn missing(what: &str) -> Refusal {
    Refusal::invalid(what, format!("the request holds no {what}"))
}
