//! `stint whatif`: what another rule, or other parameters, would have given. Nothing is ordered or written; every
//! node gives the same report, and a proposal that changes the rule cites its hash (G4).

use super::{
    ask,
    money::{amount, difference},
    value::{
        Distribution, ListDistributionsRequest, ListDistributionsResponse, Param, RuleRef, WhatIfRequest,
        WhatIfResponse,
    },
};
use crate::{
    cli::{Failure, at_terminal, show, target::Target},
    client::Client,
};
use clap::Args;
use indicatif::ProgressBar;
use std::{collections::BTreeMap, time::Duration};
use stint_proto::Hash;

const BAR_CELLS: u64 = 20;

/// Shows what the distributions of a time would have been by another rule.
#[derive(Args)]
pub struct WhatIf {
    #[command(flatten)]
    target: Target,
    /// The commons
    commons: String,
    /// A parameter of the rule that holds, with another value: care_weight=1.5; without a value it is left out
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Hash of another rule's module; its parameters are then those given with --set alone
    #[arg(long)]
    module: Option<Hash>,
    /// Incomes from this day on
    #[arg(long, default_value = "")]
    from: String,
    /// Incomes before this day
    #[arg(long, default_value = "")]
    to: String,
}

impl WhatIf {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let holds = match self.module {
            Some(_) => RuleRef::default(),
            None => newest_rule(&client, &self.commons).await?,
        };
        let request = WhatIfRequest {
            slot: "valuation".into(),
            module: self.module.map(|hash| hash.0.to_vec()).unwrap_or_default(),
            params: patched(&holds.params, &self.set)?,
            from: self.from.clone(),
            to: self.to.clone(),
        };
        let waiting = if at_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        waiting.set_message("weighing every contribution again");
        waiting.enable_steady_tick(Duration::from_millis(100));
        let report: WhatIfResponse = ask(&client, &self.commons, "WhatIf", &request).await?;
        waiting.finish_and_clear();
        println!("{}", table(&report));
        println!("\nreport {}", Hash::try_from(&report.report_hash[..])?);
        println!("{} contributions were weighed again; a proposal of this change cites the report", report.rows_read);
        Ok(())
    }
}

/// The rule of the newest distribution.
async fn newest_rule(client: &Client, commons: &str) -> Result<RuleRef, Failure> {
    let mut newest: Option<Distribution> = None;
    let mut request = ListDistributionsRequest { page_size: 100, page_token: String::new() };
    loop {
        let page: ListDistributionsResponse = ask(client, commons, "ListDistributions", &request).await?;
        newest = page.distributions.into_iter().last().or(newest);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            let none = || format!("{commons} has distributed nothing yet, so there is nothing to compare with");
            return Ok(newest.ok_or_else(none)?.rule.unwrap_or_default());
        }
    }
}

/// Parameters with some set to other values, sorted by their paths.
fn patched(params: &[Param], set: &[String]) -> Result<Vec<Param>, Failure> {
    let mut all: BTreeMap<String, String> = params.iter().map(|p| (p.path.clone(), p.value.clone())).collect();
    for change in set {
        let shape = || format!("{change:?} sets nothing; write a parameter and its value, such as care_weight=1.5");
        let (path, value) = change.split_once('=').ok_or_else(shape)?;
        match value {
            "" => all.remove(path),
            value => all.insert(path.into(), value.into()),
        };
    }
    Ok(all.into_iter().map(|(path, value)| Param { path, value }).collect())
}

/// A row for each distribution and agent, with a bar to the left for what is less and to the right for what is more;
/// then what it comes to for each agent.
fn table(report: &WhatIfResponse) -> String {
    let rows = &report.distributions;
    let mut sums: BTreeMap<&str, [i64; 3]> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(&row.agent).or_default();
        for (sum, part) in sum.iter_mut().zip([row.old, row.new, row.diff]) {
            *sum = sum.saturating_add(part);
        }
    }
    let largest = sums.values().map(|s| s[2]).chain(rows.iter().map(|r| r.diff)).map(i64::unsigned_abs).max();
    let line = |id: &str, agent: &str, [old, new, diff]: [i64; 3]| {
        [id.into(), agent.into(), amount(old), amount(new), difference(diff), bars(diff, largest.unwrap_or(0))]
    };
    let mut lines: Vec<[String; 6]> = rows.iter().map(|r| line(&r.id, &r.agent, [r.old, r.new, r.diff])).collect();
    lines.extend(sums.iter().map(|(agent, sum)| line("all", agent, *sum)));
    let whole = sums.values().fold([0i64; 3], |all, sum| std::array::from_fn(|i| all[i].saturating_add(sum[i])));
    lines.push(line("sum", "", [whole[0], whole[1], report.sum_diff]));
    show::table(&["income", "agent", "was", "would be", "difference", ""], &lines)
}

fn bars(diff: i64, largest: u64) -> String {
    let bar = show::bar(diff.unsigned_abs(), largest, BAR_CELLS);
    let cells = bar.chars().count();
    match diff {
        0 => format!("{}│", " ".repeat(BAR_CELLS as usize)),
        ..0 => format!("{}{}│", " ".repeat((BAR_CELLS as usize).saturating_sub(cells)), "█".repeat(cells)),
        _ => format!("{}│{bar}", " ".repeat(BAR_CELLS as usize)),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::value::Difference, *};

    #[test]
    fn parameters_are_set_changed_and_left_out() {
        let held = [("a", "1"), ("b", "2")].map(|(path, value)| Param { path: path.into(), value: value.into() });
        let set = ["b=".to_string(), "c.1=x=y".into(), "a=3".into()];
        let shown: Vec<_> = patched(&held, &set).expect("well-formed").into_iter().map(|p| (p.path, p.value)).collect();
        assert_eq!(shown, [("a".to_string(), "3".to_string()), ("c.1".into(), "x=y".into())]);
        assert!(patched(&held, &["care".into()]).is_err());
    }

    #[test]
    fn differences_point_left_and_right() {
        let row = |agent: &str, old, new| Difference { id: "i".into(), agent: agent.into(), old, new, diff: new - old };
        let report =
            WhatIfResponse { distributions: vec![row("ana", 200, 100), row("bo", 0, 100)], ..Default::default() };
        let shown = table(&report);
        assert!(shown.contains("-1.00  ████████████████████│"), "{shown}");
        assert!(shown.contains("+1.00                      │████████████████████"), "{shown}");
        assert!(shown.lines().last().is_some_and(|l| l.contains("sum") && l.contains("0.00")), "{shown}");
    }
}
