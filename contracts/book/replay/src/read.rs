//! From files of cases to plans. A file is a list of `cases`, one case, or a scenario, which is a case with more to look at.

use crate::{
    case::Case,
    given,
    json::Json,
    looks,
    plan::{Plan, Step},
    planner::Planner,
};
use std::collections::BTreeMap;

/// Plans for every case of a text. `library` are other texts in which cases may be found that these build on.
pub fn plans(text: &str, library: &[String]) -> Result<Vec<Plan>, String> {
    let mut known = BTreeMap::new();
    let mut cases = Vec::new();
    for (own, text) in library.iter().map(|t| (false, t.as_str())).chain([(true, text)]) {
        let json = Json::parse(text).map_err(|e| e.0)?;
        for case in in_file(&json) {
            known.insert(case.text_of("id").to_string(), case.clone());
            if own {
                cases.push(case);
            }
        }
    }
    Ok(cases.iter().map(|case| plan(case, &known)).collect())
}

fn in_file(json: &Json) -> Vec<Json> {
    match (json, json.get("cases")) {
        (_, Some(Json::List(cases))) => cases.clone(),
        (Json::List(cases), _) => cases.clone(),
        _ => vec![json.clone()],
    }
}

fn plan(json: &Json, known: &BTreeMap<String, Json>) -> Plan {
    let name = json.any(&["id", "case", "name"]).map_or("scenario", Json::text).to_string();
    let base = json.text_of("on");
    let (steps, not_understood) = match (base, known.get(base)) {
        ("", _) => split(Planner::new(Case::read(json)).all()),
        (_, Some(on)) => split(asked_of(on, json)),
        (_, None) => (Vec::new(), Some(format!("it builds on the case {base}, which is not among the files"))),
    };
    Plan { case: name, steps, not_understood }
}

fn split(steps: Result<Vec<Step>, String>) -> (Vec<Step>, Option<String>) {
    steps.map_or_else(|why| (Vec::new(), Some(why)), |steps| (steps, None))
}

/// Questions about a case that another one asks.
fn asked_of(on: &Json, asks: &Json) -> Result<Vec<Step>, String> {
    let case = Case::read(on);
    let looks: Result<Vec<Step>, String> = asks
        .fields()
        .iter()
        .filter(|(name, _)| name.contains('('))
        .map(|(name, answer)| looks::query(&case, name, answer).map(Step::See))
        .collect();
    let mut steps = Planner::new(case).all()?;
    steps.extend(looks?);
    Ok(steps)
}

/// Ids of what only sets the scene.
pub fn is_given(id: &str) -> bool {
    id.starts_with(given::GIVEN)
}
