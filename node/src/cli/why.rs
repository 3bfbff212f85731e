//! `stint why`: which validators are ill, since when, and what everyone waits for.

use super::{Failure, paint, show, target::Target};
use stint_client::Client;
use stint_proto::v1::{
    DiagnoseResponse, ValidatorHealth,
    validator_health::{Condition, Waits},
};

/// Asks the first node that answers.
pub async fn show(target: &Target) -> Result<(), Failure> {
    let client: Client = target.connect().await?;
    let seen = client.diagnose().await?;
    let rows: Vec<_> = seen.validators.iter().map(|v| row(v, &seen.validator)).collect();
    println!("{}", show::table(&["validator", "is", "since", "block", "waits for", "last vote"], &rows));
    println!();
    println!("{}", going_on(&seen));
    for line in verdict(&seen) {
        println!("{line}");
    }
    Ok(())
}

fn row(v: &ValidatorHealth, own: &str) -> [String; 6] {
    let this = if v.name == own { " (asked)" } else { "" };
    let condition = match v.condition() {
        Condition::Unknown => paint::dim("not heard yet"),
        Condition::Well => "well".into(),
        Condition::Behind => paint::red("behind"),
        Condition::Voteless => paint::red("not voting"),
        Condition::Silent => paint::red("silent"),
        Condition::Disagrees => paint::red(&format!("DISAGREES at block {}", v.apart_height)),
    };
    let since = if v.since_ms == 0 { String::new() } else { age(v.since_ms) };
    let block = if v.height == 0 { String::new() } else { v.height.to_string() };
    let waits = match v.waits_for() {
        Waits::Untold => String::new(),
        Waits::Proposal => format!("a proposal, {}", age(v.waits_ms)),
        Waits::Votes => format!("votes, {}", age(v.waits_ms)),
        Waits::Blocks => "blocks that others have".into(),
        Waits::Execution => "its own execution".into(),
    };
    let vote = match (v.counts, v.voted_ms) {
        (false, _) => "does not count yet".into(),
        (true, 0) => String::new(),
        (true, ms) => format!("round {}, {} ago", v.voted_view, age(ms)),
    };
    [format!("{}{this}", v.name), condition, since, block, waits, vote]
}

/// What goes on, in one sentence.
fn going_on(seen: &DiagnoseResponse) -> String {
    let DiagnoseResponse { validator, height, network_height, epoch, view, round_ms, leader, .. } = seen;
    let behind = network_height.saturating_sub(*height);
    let behind = if behind > 1 { format!(", {behind} behind what it has heard of") } else { String::new() };
    let turn = if leader.is_empty() { String::new() } else { format!(", {leader} leads") };
    format!("{validator} is at block {height}{behind}; round {view} of epoch {epoch} for {}{turn}", age(*round_ms))
}

/// Whether the ledger goes on, and what is to be done if it does not.
fn verdict(seen: &DiagnoseResponse) -> Vec<String> {
    let counting: Vec<_> = seen.validators.iter().filter(|v| v.counts).collect();
    let ill = |v: &&&ValidatorHealth| {
        matches!(v.condition(), Condition::Silent | Condition::Disagrees | Condition::Voteless | Condition::Behind)
    };
    let names = |of: &[&&ValidatorHealth]| of.iter().map(|v| v.name.clone()).collect::<Vec<_>>().join(", ");
    let sick: Vec<_> = counting.iter().filter(ill).collect();
    let (well, needed) = (counting.len() - sick.len(), seen.quorum as usize);
    let mut lines = vec![match (sick.len(), well >= needed) {
        (0, _) => format!("all {} validators are well; {needed} are needed", counting.len()),
        (_, true) => format!("{well} of {} are well and {needed} needed: the ledger goes on", counting.len()),
        (_, false) => {
            format!("{well} of {} are well and {needed} needed: the ledger waits for {}", counting.len(), names(&sick))
        }
    }];
    let apart: Vec<_> = counting.iter().filter(|v| v.condition() == Condition::Disagrees).collect();
    if !apart.is_empty() {
        lines.push(format!(
            "{} has other results: stop it, keep its folder, run stint fsck on it, and report it",
            names(&apart)
        ));
    }
    let silent: Vec<_> = counting.iter().filter(|v| v.condition() == Condition::Silent).collect();
    if !silent.is_empty() {
        lines.push(format!(
            "nothing is heard of {}: is it running, and can the others reach its address for validators?",
            names(&silent)
        ));
    }
    if seen.patience > 1 {
        lines.push(format!(
            "rounds ended in vain, so they are waited for {} times as long as usual: is the network slow, or a disk?",
            seen.patience
        ));
    }
    if seen.double_signs > 0 {
        lines.push(format!("double signs seen: {}; stint evidence shows those on record", seen.double_signs));
    }
    lines
}

/// A time for people.
fn age(ms: u64) -> String {
    match ms / 1000 {
        0 => format!("0.{} s", ms / 100),
        s if s < 120 => format!("{s} s"),
        s if s < 7200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validator(name: &str, condition: Condition) -> ValidatorHealth {
        ValidatorHealth { name: name.into(), counts: true, condition: condition.into(), ..Default::default() }
    }

    #[test]
    fn it_says_whether_the_ledger_goes_on() {
        let of = |conditions: [Condition; 4]| {
            let validators = ["v1", "v2", "v3", "v4"].iter().zip(conditions).map(|(n, c)| validator(n, c)).collect();
            verdict(&DiagnoseResponse { validators, quorum: 3, ..Default::default() })
        };
        use Condition::{Disagrees, Silent, Well};
        assert_eq!(of([Well; 4]), ["all 4 validators are well; 3 are needed"]);
        assert_eq!(of([Well, Well, Well, Silent])[0], "3 of 4 are well and 3 needed: the ledger goes on");
        assert_eq!(of([Well, Well, Silent, Silent])[0], "2 of 4 are well and 3 needed: the ledger waits for v3, v4");
        assert!(of([Well, Disagrees, Well, Well])[1].starts_with("v2 has other results"));
        let slow = verdict(&DiagnoseResponse { patience: 4, ..Default::default() });
        assert!(slow[1].contains("4 times as long as usual"), "{slow:?}");
    }
}
