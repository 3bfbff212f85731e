//! C-4: nobody works more than 24 hours a day, over all commons.
//!
//! Hours of a log are spread evenly over its days and summed by author and day: as logged until peers decide, as
//! accepted from then on. Other commons keep sums of their own; those that the contribution rule lists as sisters
//! are asked for theirs. The bound holds for logs of one another's sisters; a commons that lists nobody is only
//! seen by those that list it.

use crate::{
    fields::{SCALE, amount},
    proto::{DayHours, GetHoursRequest, GetHoursResponse, LogEntry, Quantity, methods},
    state::{HOURS, number, number_of},
};
use stint_sdk::{Code, Day, Decimal, Refusal, context, split};

/// An hour in milliseconds.
pub const HOUR: u64 = 3_600_000;
/// A day in milliseconds.
const DAY: u64 = 24 * HOUR;
/// Days of one log: a quarter of a year. Each costs a read and a write.
pub const MOST_DAYS: usize = 92;
/// What a sister's answer may cost: it reads at most [`MOST_DAYS`] sums.
const SISTER_FUEL: u64 = 2_000_000;

/// A quantity of time in milliseconds, rounded up; nothing for other units.
pub fn millis(value: Decimal, unit: &str) -> Option<u64> {
    let per = match unit {
        "h" | "hour" | "hours" => HOUR,
        "min" | "minute" | "minutes" => HOUR / 60,
        "s" | "second" | "seconds" => 1000,
        _ => return None,
    };
    let exact = value.at(SCALE)?.checked_mul(per.into())?;
    u64::try_from(exact.div_euclid(1_000_000) + i128::from(exact.rem_euclid(1_000_000) > 0)).ok()
}

/// What a log occupies of its author's days: what peers accepted, or what is claimed while they have not.
pub fn of(log: &LogEntry) -> u64 {
    let logged = log.logged.clone().unwrap_or_default();
    let value = if log.accepted.is_empty() { &logged.value } else { &log.accepted };
    amount("quantity", value).ok().and_then(|value| millis(value, &logged.unit)).unwrap_or(0)
}

/// The days of a log, as parts of keys.
pub fn days(from: Day, to: Day) -> Result<Vec<u32>, Refusal> {
    let days: Vec<u32> = (from.to_key()..=to.to_key()).take(MOST_DAYS + 1).collect();
    match days.len() {
        0 => Err(Refusal::invalid("date", format!("the days end on {to} before they begin on {from}"))),
        n if n > MOST_DAYS => {
            Err(Refusal::invalid("date", format!("{from} to {to} are more than {MOST_DAYS} days; log them in parts")))
        }
        _ => Ok(days),
    }
}

/// Spreads an effort evenly over days.
fn spread(effort: u64, days: &[u32]) -> Result<Vec<u64>, Refusal> {
    let parties: Vec<(u32, u128)> = days.iter().map(|day| (*day, 1)).collect();
    Ok(split(effort.into(), &parties)?.into_iter().map(|part| part as u64).collect())
}

/// Sets an author's days from what a log occupied of them to what it occupies now.
pub fn change(author: &str, days: &[u32], before: u64, now: u64) -> Result<(), Refusal> {
    if before == now {
        return Ok(());
    }
    let number = number(author);
    for ((day, less), more) in days.iter().zip(spread(before, days)?).zip(spread(now, days)?) {
        let rest = HOURS.get(&(number, *day)).unwrap_or(0).saturating_sub(less);
        let sum = rest.saturating_add(more);
        // Peers may raise what they accept after other work was logged for the same day.
        if more > less && sum > DAY {
            return Err(too_long(author, *day, sum, rest, 0));
        }
        match sum {
            0 => HOURS.delete(&(number, *day)),
            sum => HOURS.put(&(number, *day), &sum),
        }
    }
    Ok(())
}

/// C-4 for a new log, and what to flag.
pub fn check(author: &str, days: &[u32], effort: u64, limit: u64, sisters: &[String]) -> Result<Vec<String>, Refusal> {
    if effort == 0 {
        return Ok(Vec::new());
    }
    let mut flags = Vec::new();
    let mut sums = own(author, days);
    let here = sums.clone();
    for sister in sisters.iter().filter(|s| **s != context().commons) {
        match ask(sister, author, days) {
            Some(theirs) => sums.iter_mut().zip(theirs).for_each(|(sum, more)| *sum = sum.saturating_add(more)),
            None => flags.push(format!("unseen:{sister}")),
        }
    }
    for ((day, part), (sum, here)) in days.iter().zip(spread(effort, days)?).zip(sums.into_iter().zip(here)) {
        let total = sum.saturating_add(part);
        if total > DAY {
            return Err(too_long(author, *day, total, here, sum - here));
        }
        if total > limit && flags.first().is_none_or(|f| f != "day-limit") {
            flags.insert(0, "day-limit".into());
        }
    }
    Ok(flags)
}

fn too_long(author: &str, day: u32, total: u64, here: u64, elsewhere: u64) -> Refusal {
    let day = Day::from_key(day);
    let message = format!(
        "{author} would have {} h on {day} over all commons: {} h are logged here and {} h in sister commons; a day \
         has 24 h, and work of several days names its first and last",
        hours(total),
        hours(here),
        hours(elsewhere)
    );
    Refusal::new(Code::FailedPrecondition, "C-4", message).with("author", author).with("date", day)
}

/// Milliseconds as hours, shortened to a hundredth.
fn hours(ms: u64) -> String {
    let hundredths = ms / (HOUR / 100);
    Decimal::new(hundredths.into(), 2).unwrap_or_default().to_string()
}

fn own(author: &str, days: &[u32]) -> Vec<u64> {
    let number = number_of(author);
    days.iter().map(|day| number.and_then(|n| HOURS.get(&(n, *day))).unwrap_or(0)).collect()
}

/// A sister's sums; nothing when it does not answer.
fn ask(sister: &str, author: &str, days: &[u32]) -> Option<Vec<u64>> {
    let name = |day: &u32| Day::from_key(*day).to_string();
    let request = GetHoursRequest { agent: author.into(), from: days.first().map(name)?, to: days.last().map(name)? };
    let answer = methods::GET_HOURS.call_with(sister, &request, SISTER_FUEL).ok()?;
    let of = |day: &u32| {
        let name = name(day);
        answer.days.iter().find(|d| d.date == name).map_or(0, |d| d.milliseconds)
    };
    Some(days.iter().map(of).collect())
}

/// An agent's days in this commons.
pub fn list(request: GetHoursRequest) -> Result<GetHoursResponse, Refusal> {
    let from = Day::parse(&request.from)?;
    let to = if request.to.is_empty() { from } else { Day::parse(&request.to)? };
    let days = days(from, to)?;
    let sums = own(&request.agent, &days);
    let with_hours = days.iter().zip(sums).filter(|(_, sum)| *sum > 0);
    let day = |(day, milliseconds): (&u32, u64)| DayHours { date: Day::from_key(*day).to_string(), milliseconds };
    Ok(GetHoursResponse { days: with_hours.map(day).collect() })
}

/// What is claimed, checked.
pub fn quantity(quantity: &Quantity) -> Result<Decimal, Refusal> {
    let value = amount("quantity", &quantity.value)?;
    if value.is_zero() {
        return Err(Refusal::invalid("quantity", "the quantity must be above zero"));
    }
    let unit = &quantity.unit;
    if unit.is_empty() || unit.len() > 32 || unit.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Refusal::invalid("unit", format!("{unit:?} is no unit; write for example h, kg, EUR")));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use stint_sdk::testing::{Host, host};

    #[test]
    fn units_of_time_are_milliseconds_rounded_up() {
        let of = |value: &str, unit| millis(Decimal::parse(value, 6).unwrap(), unit);
        assert_eq!(
            (of("1.5", "h"), of("90", "min"), of("5400", "s")),
            (Some(5_400_000), Some(5_400_000), Some(5_400_000))
        );
        assert_eq!((of("0.000001", "s"), of("1", "kg")), (Some(1), None));
    }

    proptest! {
        /// Sums of days against a plain model, whatever is logged and accepted in between.
        #[test]
        fn days_hold_what_their_logs_occupy(logs in prop::collection::vec((0u32..20, 1u32..10, 0u64..80_000_000, 0u64..100), 1..20)) {
            host(|h| *h = Host::default());
            let mut logged = 0u64;
            let mut accepted = 0u64;
            let mut entered: Vec<(Vec<u32>, u64, u64)> = Vec::new();
            for (first, length, effort, part) in logs {
                let days: Vec<u32> = (first..first + length).collect();
                if check("ana", &days, effort, DAY, &[]).is_ok() {
                    change("ana", &days, 0, effort).unwrap();
                    logged += effort;
                    entered.push((days, effort, effort * part / 100));
                }
            }
            let sum = || HOURS.range(&[], &[]).map(|(_, ms)| ms).collect::<Vec<u64>>();
            prop_assert_eq!(sum().iter().sum::<u64>(), logged);
            prop_assert!(sum().iter().all(|ms| *ms <= DAY));
            for (days, before, now) in entered {
                change("ana", &days, before, now).unwrap();
                accepted += now;
            }
            prop_assert_eq!(sum().iter().sum::<u64>(), accepted);
        }
    }
}
