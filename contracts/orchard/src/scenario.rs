//! The scenario as it is written, and what a player may choose: how long decisions take.

use book_replay::{Json, NoJson};
use charter::proto as said;

const EVENTS: &str = include_str!("../data/scenario-three-commons.json");
const CHARTER: &str = include_str!("../data/charter-forge.example.json");
/// The year of its dates, and the day behind the last of them.
const YEAR: u32 = 2026;
const OVER: &str = "11-07";
const DAY_S: u64 = 86_400;

/// What is played, and at which pace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Seconds that a vote on rules is open: long enough for six ballots in a row.
    pub open_for_s: u64,
    /// Seconds between its end and its execution: at least the time of two calls, so that one can be too early.
    pub delay_s: u64,
}

/// A file that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError(pub String);

impl From<NoJson> for ScenarioError {
    fn from(no: NoJson) -> ScenarioError {
        ScenarioError(no.0)
    }
}

impl Default for Scenario {
    /// As the example charter says: 14 days, and 7.
    fn default() -> Scenario {
        Scenario { open_for_s: 14 * DAY_S, delay_s: 7 * DAY_S }
    }
}

/// The scenario with the dates of a year that is over, since nothing is recorded ahead of a ledger's time.
pub(crate) struct Year {
    pub scenario: Scenario,
    pub year: u32,
    /// When the charter is to be reviewed: two years from now.
    pub review_by: String,
    pub events: Json,
    pub charter: Json,
}

impl Scenario {
    pub(crate) fn in_year_before(&self, now: &str) -> Result<Year, ScenarioError> {
        let this: u32 =
            now.get(..4).and_then(|y| y.parse().ok()).ok_or(ScenarioError(format!("{now:?} is no time")))?;
        let over = now.get(5..10).unwrap_or_default() >= OVER;
        let year = if over { this } else { this - 1 };
        let dated = EVENTS.replace(&format!("\"{YEAR}-"), &format!("\"{year}-"));
        Ok(Year {
            scenario: self.clone(),
            year,
            review_by: format!("{}-01-01", this + 2),
            events: Json::parse(&dated)?,
            charter: Json::parse(CHARTER)?,
        })
    }
}

impl Year {
    /// A day of the year: `day("03-01")`.
    pub fn day(&self, of_year: &str) -> String {
        format!("{}-{of_year}", self.year)
    }

    /// A part of the file.
    pub fn part(&self, name: &str) -> Json {
        self.events.get(name).cloned().unwrap_or(Json::Null)
    }

    /// All events, in the order of the file.
    pub fn all(&self) -> Vec<Json> {
        self.part("events").items().into_iter().cloned().collect()
    }

    /// Names of the commons.
    pub fn commons(&self) -> Vec<String> {
        self.part("agents")
            .get("commons")
            .map(Json::items)
            .unwrap_or_default()
            .iter()
            .map(|c| c.text().into())
            .collect()
    }

    /// Whether an agent is a person: one who signs.
    pub fn is_person(&self, agent: &str) -> bool {
        let agents = self.part("agents");
        agents.get("persons").map(Json::items).unwrap_or_default().iter().any(|p| p.text() == agent)
    }

    /// The charter of forge, with the module of its valuation.
    pub fn constitution(&self, valuation: said::Rule) -> said::Constitution {
        let json = &self.charter;
        let list = |name: &str| json.get(name).map(Json::items).unwrap_or_default();
        let fields = |name: &str| json.get(name).map(Json::fields).unwrap_or_default();
        let mut rules: Vec<said::Rule> = fields("rules")
            .iter()
            .filter(|(slot, _)| *slot != valuation.slot)
            .map(|(slot, rule)| said::Rule {
                slot: slot.clone(),
                params: params(rule.get("params").unwrap_or(&Json::Null)),
                from: self.day("01-01"),
                ..said::Rule::default()
            })
            .collect();
        rules.push(valuation);
        rules.sort_by(|a, b| a.slot.cmp(&b.slot));
        said::Constitution {
            purpose: json.text_of("purpose").into(),
            seats: list("seats").into_iter().map(seat).collect(),
            rules,
            decisions: fields("decisions").iter().map(|(subject, d)| self.decision(subject, d)).collect(),
            sanctions: list("sanctions").into_iter().map(step).collect(),
            review_by: self.review_by.clone(),
        }
    }

    fn decision(&self, subject: &str, json: &Json) -> said::Decision {
        let (mut open_for_s, mut delay_s) = (number(json, "open_for_days") * DAY_S, number(json, "delay_days") * DAY_S);
        if subject == "rules" {
            (open_for_s, delay_s) = (self.scenario.open_for_s, self.scenario.delay_s);
        }
        let kind = said::decision::Kind::from_str_name(&json.text_of("kind").to_uppercase()).unwrap_or_default();
        let objectors = json.get("objectors").map(Json::items).unwrap_or_default();
        said::Decision {
            subject: subject.into(),
            kind: kind.into(),
            quorum: number(json, "quorum") as u32,
            threshold_num: number(json, "threshold_num") as u32,
            threshold_den: number(json, "threshold_den") as u32,
            open_for_s,
            delay_s,
            objectors: objectors.into_iter().map(|o| class(o.text())).collect(),
            ..said::Decision::default()
        }
    }
}

pub(crate) fn number(json: &Json, name: &str) -> u64 {
    json.text_of(name).parse().unwrap_or_default()
}

fn class(name: &str) -> i32 {
    said::seat::Class::from_str_name(&name.to_uppercase()).unwrap_or_default().into()
}

fn seat(json: &Json) -> said::Seat {
    said::Seat {
        id: json.text_of("id").into(),
        class: class(json.text_of("class")),
        holder: json.text_of("holder").into(),
        weight: Some(number(json, "weight") as u32),
        ..said::Seat::default()
    }
}

fn step(json: &Json) -> said::Step {
    let effect = said::step::Effect::from_str_name(&json.text_of("effect").to_uppercase()).unwrap_or_default();
    said::Step {
        n: number(json, "n") as u32,
        effect: effect.into(),
        needs: json.text_of("needs").into(),
        ..said::Step::default()
    }
}

/// Nested parameters as flat ones, by path: lists are numbered from 1 on.
fn params(json: &Json) -> Vec<said::Param> {
    fn below(prefix: &str, name: &str) -> String {
        if prefix.is_empty() { name.into() } else { format!("{prefix}.{name}") }
    }
    fn flatten(prefix: &str, json: &Json, into: &mut Vec<said::Param>) {
        match json {
            Json::Map(fields) => fields.iter().for_each(|(name, v)| flatten(&below(prefix, name), v, into)),
            Json::List(items) => {
                items.iter().enumerate().for_each(|(i, v)| flatten(&below(prefix, &(i + 1).to_string()), v, into));
            }
            leaf => into.push(said::Param { path: prefix.into(), value: leaf.text().into() }),
        }
    }
    let mut flat = Vec::new();
    flatten("", json, &mut flat);
    flat.sort_by(|a, b| a.path.cmp(&b.path));
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dates_are_of_the_newest_year_that_is_over() {
        let year = |now: &str| Scenario::default().in_year_before(now).unwrap();
        assert_eq!(year("2026-11-06T23:59:59Z").year, 2025);
        assert_eq!(year("2026-11-07").year, 2026);
        let late = year("2031-02-03T04:05:06Z");
        assert_eq!((late.all()[0].text_of("date"), late.review_by.as_str()), ("2030-01-10", "2033-01-01"));
        assert_eq!(late.all().len(), 104);
        assert!(Scenario::default().in_year_before("soon").is_err());
    }
}
