//! Processes: opened, fed by events (R8), and closed when they balance (R9, R-mass).

use crate::{
    actions::{Action, Flow},
    amount,
    authority::one_of,
    fields::{self, LINE, TEXT},
    keys::Id,
    mass, moment, pairs,
    proto::{
        CloseProcessRequest, CloseProcessResponse, Direction, Event, Known, OpenProcessRequest, Process, ProcessClosed,
        ProcessFlagged, ProcessStatus, Quantity, Unbalanced,
    },
    record::Changed,
    state::{NEIGHBOURS, PROCESS_SPECS, PROCESSES},
};
use stint_sdk::{Code, Decimal, Refusal, announce};

pub fn open(request: OpenProcessRequest) -> Result<Known, Refusal> {
    let missing = || Refusal::invalid("process", "the request holds no process");
    let process = request.process.ok_or_else(missing)?;
    fields::id("the process", &process.id)?;
    if let Some(known) = PROCESSES.get(&process.id) {
        return match as_sent(known) == as_sent(process.clone()) {
            true => Ok(Known { known: true }),
            false => Err(Refusal::new(
                Code::AlreadyExists,
                "id",
                format!("{} stands for another process already; choose another id", process.id),
            )),
        };
    }
    fields::optional_id("based_on", &process.based_on)?;
    fields::list("classified_as", &process.classified_as)?;
    fields::list("in_scope_of", &process.in_scope_of)?;
    process.in_scope_of.iter().try_for_each(|a| fields::id("an agent in scope", a))?;
    fields::text("planned_within", &process.planned_within, LINE)?;
    fields::text("name", &process.name, LINE)?;
    fields::text("note", &process.note, TEXT)?;
    moment::forwards(&process.has_beginning, &process.has_end)?;
    if !process.based_on.is_empty() && !PROCESS_SPECS.has(&process.based_on) {
        let why = format!("{} is not declared; a steward declares it with DeclareProcessSpec", process.based_on);
        return Err(Refusal::new(Code::NotFound, "process-spec", why));
    }
    let scope: Vec<&str> = process.in_scope_of.iter().map(String::as_str).collect();
    one_of(&scope, &format!("open {}", process.id))?;
    let nothing = || Decimal::ZERO.to_string();
    let (mass_in, mass_out, residual) = (nothing(), nothing(), nothing());
    let process = Process { mass_in, mass_out, residual, ..as_sent(process) };
    PROCESSES.put(&process.id, &process);
    Ok(Known { known: false })
}

/// Without what is the book's.
fn as_sent(process: Process) -> Process {
    Process {
        status: 0,
        finished: false,
        balancing: Vec::new(),
        mass_in: String::new(),
        mass_out: String::new(),
        residual: String::new(),
        unweighed: 0,
        ..process
    }
}

/// A process that must be there.
pub fn process(id: &str) -> Result<Process, Refusal> {
    fields::id("the process", id)?;
    PROCESSES.get(&id.to_string()).ok_or_else(|| {
        Refusal::new(Code::NotFound, "process", format!("there is no process {id} on this book; OpenProcess opens one"))
    })
}

/// R8: the event's processes are there, and a finished one takes only corrections.
pub fn admits(event: &Event, correction: bool) -> Result<(), Refusal> {
    for id in [&event.input_of, &event.output_of].into_iter().filter(|p| !p.is_empty()) {
        if process(id)?.finished && !correction {
            let why = format!("{id} is finished and takes only corrections; open another process");
            return Err(Refusal::new(Code::FailedPrecondition, "R8", why));
        }
    }
    Ok(())
}

/// Adds the event's mass to its process, and keeps who is its neighbour.
pub fn follow(event: &Event, action: &Action, changed: &[Changed]) -> Result<(), Refusal> {
    for (id, into) in [(&event.input_of, true), (&event.output_of, false)] {
        if id.is_empty() {
            continue;
        }
        for changed in changed {
            let side = if into { "i" } else { "o" };
            let at = (Id(format!("{side}:{}", changed.after.id)), id.clone());
            if !NEIGHBOURS.has(&at) {
                NEIGHBOURS.put(&at, &());
            }
        }
        if matches!(action.flow, Flow::Input | Flow::Output) && !action.only_mentions() {
            weigh(event, id, into, changed)?;
        }
    }
    Ok(())
}

fn weigh(event: &Event, id: &str, into: bool, changed: &[Changed]) -> Result<(), Refusal> {
    let mut process = process(id)?;
    let spec = changed.first().map_or(event.resource_conforms_to.as_str(), Changed::spec);
    let Some(quantity) = &event.resource_quantity else { return Ok(()) };
    match mass::of(amount::kept(&quantity.value), &quantity.unit, spec)? {
        Some(mass) => amount::add(if into { &mut process.mass_in } else { &mut process.mass_out }, mass)?,
        None if event.corrects.is_empty() => process.unweighed += 1,
        None => {}
    }
    residual(&mut process)?;
    if process.status() == ProcessStatus::Closed && mass::balanced(&process).is_err() {
        process.set_status(ProcessStatus::Flagged);
        flag(&process);
    }
    PROCESSES.put(&process.id, &process);
    Ok(())
}

fn residual(process: &mut Process) -> Result<(), Refusal> {
    process.residual = amount::minus(amount::kept(&process.mass_in), amount::kept(&process.mass_out))?.to_string();
    Ok(())
}

/// Closes a process with what crossed it unseen. A flagged one may be closed again, with all of that.
pub fn close(request: CloseProcessRequest) -> Result<CloseProcessResponse, Refusal> {
    let mut process = process(&request.id)?;
    let scope: Vec<&str> = process.in_scope_of.iter().map(String::as_str).collect();
    one_of(&scope, &format!("close {}", process.id))?;
    if process.finished && process.balancing == request.balancing {
        return Ok(CloseProcessResponse { known: true, process: Some(process) });
    }
    if process.status() == ProcessStatus::Closed {
        let why = format!("{} is closed, with another balancing; correct its events", process.id);
        return Err(Refusal::new(Code::AlreadyExists, "R8", why));
    }
    pairs::must_be_closed(&process.id)?;
    rebalance(&mut process, &request)?;
    process.finished = true;
    let refuses = mass::process_spec(&process).unbalanced() == Unbalanced::Refuse;
    match mass::balanced(&process) {
        Ok(()) => {
            process.set_status(ProcessStatus::Closed);
            let p = process.clone();
            announce(&ProcessClosed { process: p.id, r#in: p.mass_in, out: p.mass_out, residual: p.residual });
        }
        Err(refusal) if refuses => return Err(refusal),
        Err(_) => {
            process.set_status(ProcessStatus::Flagged);
            flag(&process);
        }
    }
    PROCESSES.put(&process.id, &process);
    Ok(CloseProcessResponse { known: false, process: Some(process) })
}

/// Puts the declared balancing in the place of the one before.
fn rebalance(process: &mut Process, request: &CloseProcessRequest) -> Result<(), Refusal> {
    const ITEMS: usize = 50;
    if request.balancing.len() > ITEMS {
        let why = format!("{} items are too many; declare at most {ITEMS}", request.balancing.len());
        return Err(Refusal::new(Code::ResourceExhausted, "balancing", why));
    }
    let old = std::mem::replace(&mut process.balancing, request.balancing.clone());
    for (items, sign) in [(&old, -1), (&request.balancing, 1)] {
        for item in items {
            let mass = amount::signed(sign, weight(&item.spec, &item.quantity)?)?;
            let into = Direction::try_from(item.direction) == Ok(Direction::In);
            amount::add(if into { &mut process.mass_in } else { &mut process.mass_out }, mass)?;
        }
    }
    residual(process)
}

fn weight(spec: &str, quantity: &Option<Quantity>) -> Result<Decimal, Refusal> {
    fields::id("the balancing item's spec", spec)?;
    let missing = || Refusal::invalid("quantity", format!("the balancing item {spec} has no quantity"));
    let quantity = quantity.as_ref().ok_or_else(missing)?;
    let amount = amount::checked(quantity)?;
    if amount <= Decimal::ZERO {
        return Err(Refusal::invalid(
            "R5",
            format!("{spec}: {amount} {} is not above 0; a balancing item is", quantity.unit),
        ));
    }
    mass::of(amount, &quantity.unit, spec)?.ok_or_else(|| {
        let why =
            format!("the mass of {amount} {} of {spec} is not known; declare it in a unit of mass", quantity.unit);
        Refusal::new(Code::FailedPrecondition, "balancing", why)
    })
}

fn flag(process: &Process) {
    let p = process.clone();
    announce(&ProcessFlagged { process: p.id, r#in: p.mass_in, out: p.mass_out, residual: p.residual });
}
