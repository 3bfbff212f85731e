//! R12: nothing is dated ahead of the block by more than the tolerance, nor into a closed period.

use crate::{
    authority::{settings, tolerance_s},
    fields,
    moment::now,
    proto::{ClosePeriodRequest, Known, Period, PeriodClosed},
    state::{CLOSED, PERIODS},
};
use stint_sdk::{Code, Refusal, Time, announce, require_role};

/// R12: the time of an event.
pub fn accepts(time: Time) -> Result<(), Refusal> {
    let latest = now().plus(tolerance_s(&settings())).unwrap_or(Time::MAX);
    if time > latest {
        return Err(refused(format!("{time} is in the future; the latest time accepted now is {latest}")));
    }
    match closed_at(time)? {
        None => Ok(()),
        Some(period) => {
            let why =
                format!("{time} lies in the period {}, which is closed; record a correction, dated now", period.id);
            Err(refused(why))
        }
    }
}

/// The closed period that a time lies in. Periods do not overlap, so it is the last one that begins before.
fn closed_at(time: Time) -> Result<Option<Period>, Refusal> {
    let Some((_, period)) = CLOSED.last_before(&(time.to_key() + 1).to_be_bytes()) else { return Ok(None) };
    Ok(if time < Time::parse(&period.to)? { Some(period) } else { None })
}

/// Closes a span of time.
pub fn close(request: ClosePeriodRequest) -> Result<Known, Refusal> {
    require_role(crate::authority::STEWARD, "close periods")?;
    fields::id("the period", &request.id)?;
    let (from, to) = (Time::parse(&request.from)?, Time::parse(&request.to)?);
    let period = Period { id: request.id, from: from.to_string(), to: to.to_string(), closed: true };
    if let Some(known) = PERIODS.get(&period.id) {
        return match known == period {
            true => Ok(Known { known: true }),
            false => Err(Refusal::new(
                Code::AlreadyExists,
                "id",
                format!("{} was closed as {} to {}", known.id, known.from, known.to),
            )),
        };
    }
    let now = now();
    if from >= to || to > now {
        let why =
            format!("a period from {from} to {to} cannot be closed at {now}: it must end after it begins, and be over");
        return Err(refused(why));
    }
    let last_one = CLOSED.last_before(&to.to_key().to_be_bytes()).map(|(_, other)| other);
    if let Some(other) = last_one.filter(|other| Time::parse(&other.to).is_ok_and(|to| from < to)) {
        let why = format!("it overlaps with {}, closed from {} to {}", other.id, other.from, other.to);
        return Err(refused(why));
    }
    PERIODS.put(&period.id, &period);
    CLOSED.put(&from.to_key(), &period);
    announce(&PeriodClosed { period: period.id, from: period.from, to: period.to });
    Ok(Known { known: false })
}

fn refused(why: String) -> Refusal {
    Refusal::new(Code::FailedPrecondition, "R12", why)
}
