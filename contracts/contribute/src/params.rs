//! How logs are validated: the rule in the charter's slot `contribution`, or, without a charter, what a steward set.

use crate::{
    ask,
    effort::HOUR,
    fields::word,
    proto::{ConfigureRequest, ConfigureResponse, Configured, GetParamsResponse},
    state::CONFIGURED,
};
use stint_sdk::{Code, Decimal, Refusal, announce, params, require_role};

/// Peers that a commons may ask for, and that may speak of one log.
pub const MOST_VALIDATORS: u32 = 64;
/// Ten years: a longer window is none.
const LONGEST_WINDOW: u32 = 3_660;
/// Each of them is asked once for every log.
const MOST_SISTERS: usize = 8;

/// How logs are validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// How many peers must speak (C-2).
    pub k: u32,
    /// How many days they have for it (C-5).
    pub window_days: u32,
    /// Hours of a day above which a log is flagged (C-4).
    pub day_limit: Decimal,
    /// Who validates: a class of seats or, without a charter, a role; empty for every seat, or stewards (C-1).
    pub circle: String,
    /// Who resolves disputes, likewise; empty for the commons itself, or stewards.
    pub resolver: String,
    /// Commons whose hours count towards the same day (C-4).
    pub sisters: Vec<String>,
    /// The charter says so.
    pub by_charter: bool,
}

const KNOWN: [&str; 6] = ["k", "window_days", "day_limit_h", "circle", "resolver", "sisters.N"];

/// Sets them, in a commons without a charter.
pub fn configure(request: ConfigureRequest) -> Result<ConfigureResponse, Refusal> {
    require_role("steward", "say how logs are validated")?;
    if ask::rule()? != ask::Charter::None {
        let message = "this commons has a charter: its rule in the slot `contribution` says how logs are validated";
        return Err(Refusal::new(Code::FailedPrecondition, "charter", message));
    }
    read(pairs(&request), false)?;
    CONFIGURED.put(&request);
    announce(&Configured { params: request.params });
    Ok(ConfigureResponse {})
}

/// Those that hold now.
pub fn now() -> Result<Params, Refusal> {
    let missing = |how: &str| {
        let message = format!("nothing says yet how many peers validate a log: {how}");
        Err(Refusal::new(Code::FailedPrecondition, "C-2", message))
    };
    match ask::rule()? {
        ask::Charter::Says(params) => read(params.iter().map(|p| (p.path.as_str(), p.value.as_str())).collect(), true),
        ask::Charter::Silent => missing("the charter has no rule in the slot `contribution`"),
        ask::Charter::None => match CONFIGURED.get() {
            Some(configured) => read(pairs(&configured), false),
            None => missing("a steward says it with Configure, or a charter in the slot `contribution`"),
        },
    }
}

/// The same for whoever asks.
pub fn show() -> Result<GetParamsResponse, Refusal> {
    let params = now()?;
    Ok(GetParamsResponse {
        k: params.k,
        window_days: params.window_days,
        day_limit_h: params.day_limit.to_string(),
        circle: params.circle,
        resolver: params.resolver,
        sisters: params.sisters,
        by_charter: params.by_charter,
    })
}

fn pairs(request: &ConfigureRequest) -> Vec<(&str, &str)> {
    request.params.iter().map(|p| (p.path.as_str(), p.value.as_str())).collect()
}

fn read(pairs: Vec<(&str, &str)>, by_charter: bool) -> Result<Params, Refusal> {
    let all = params::Params::new(pairs)?;
    all.only(&KNOWN)?;
    let k = all.or("k", 2, |p, path| p.whole(path))?;
    let window_days = all.or("window_days", 30, |p, path| p.whole(path))?;
    let day_limit = all.or("day_limit_h", Decimal::new(12, 0).unwrap_or_default(), |p, path| p.decimal(path, 6))?;
    bounds("k", k, MOST_VALIDATORS)?;
    bounds("window_days", window_days, LONGEST_WINDOW)?;
    if day_limit.is_negative() || day_limit > Decimal::new(24, 0).unwrap_or_default() {
        return Err(Refusal::invalid("params", format!("day_limit_h is {day_limit}; a day has 0 to 24 hours")));
    }
    let name = |path: &str| match all.get(path).unwrap_or_default() {
        "" => Ok(String::new()),
        name => word(path, name).map(|()| name.to_string()),
    };
    Ok(Params {
        k,
        window_days,
        day_limit,
        circle: name("circle")?,
        resolver: name("resolver")?,
        sisters: sisters(&all)?,
        by_charter,
    })
}

fn sisters(all: &params::Params) -> Result<Vec<String>, Refusal> {
    let named: Vec<String> = all.below("sisters").iter().map(|(_, name)| name.to_string()).collect();
    if named.len() > MOST_SISTERS {
        let message =
            format!("{} sisters are listed; every log asks each of them, and the limit is {MOST_SISTERS}", named.len());
        return Err(Refusal::invalid("params", message));
    }
    named.iter().try_for_each(|name| word("sisters", name))?;
    Ok(named)
}

fn bounds(what: &str, value: u32, most: u32) -> Result<(), Refusal> {
    match (1..=most).contains(&value) {
        true => Ok(()),
        false => Err(Refusal::invalid("params", format!("{what} is {value}; it must be 1 to {most}"))),
    }
}

impl Params {
    /// The limit above which a day is flagged, in milliseconds.
    pub fn day_limit_ms(&self) -> u64 {
        let hours = self.day_limit.at(6).and_then(|micros| u64::try_from(micros).ok()).unwrap_or(0);
        hours * (HOUR / 1000) / 1000
    }
}
