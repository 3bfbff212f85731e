//! `stint whatif`: what another rule, or other parameters, would have given. Nothing is ordered or written; every
//! node gives the same report, and a proposal that changes the rule cites its hash (G4).

use super::{
    ask,
    money::{amount, difference},
    value::{ListDistributionsRequest, ListDistributionsResponse},
};
use crate::cli::{Failure, at_terminal, show, target::Target};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use stint_client::{Client, ClientError};
use stint_proto::{
    Hash,
    v1::{self, what_if_response::Part},
};
use stint_sdk::Time;

const BAR_CELLS: u64 = 20;
/// Distributions of which each is shown unasked.
const FEW: usize = 12;
const SLOT: &str = "valuation";

/// Shows what distributions would have been by another rule.
#[derive(Args)]
pub struct WhatIf {
    #[command(flatten)]
    target: Target,
    /// The commons
    commons: String,
    /// A parameter of the newest rule, with another value: care_weight=1.5; without a value it is left out
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Hash of another rule's module; its parameters are then those given with --set alone
    #[arg(long)]
    module: Option<Hash>,
    /// Distributions of this block and later ones, or incomes of this day and later ones
    #[arg(long, default_value = "", value_name = "HEIGHT|DAY")]
    from: Bound,
    /// Distributions up to this block, or incomes before this day
    #[arg(long, default_value = "", value_name = "HEIGHT|DAY")]
    to: Bound,
    /// On the state after this block [default: the newest]
    #[arg(long, default_value_t = 0)]
    height: u64,
    /// Show each distribution, however many there are
    #[arg(long)]
    all: bool,
}

/// Where a range begins or ends.
#[derive(Clone, Copy)]
enum Bound {
    None,
    Height(u64),
    Day(Time),
}

impl std::str::FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Bound, String> {
        if text.is_empty() {
            return Ok(Bound::None);
        }
        let wrong = |_| format!("{text:?} is neither a height such as 1200 nor a day such as 2026-03-01");
        match text.bytes().all(|b| b.is_ascii_digit()) {
            true => text.parse().map(Bound::Height).map_err(|e: std::num::ParseIntError| wrong(e.to_string())),
            false => Time::parse(text).map(Bound::Day).map_err(|e| wrong(e.to_string())),
        }
    }
}

impl WhatIf {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let (from, to) = self.range(&client).await?;
        let request = v1::WhatIfRequest {
            commons: self.commons.clone(),
            slot: SLOT.into(),
            patch: Some(patch(self.module, &self.set)?),
            from,
            to,
            height: self.height,
        };
        let (rows, report) = follow(&client, request).await?;
        println!("{}", table(&rows, report.sum_diff, self.all));
        let version =
            if report.version == 0 { String::new() } else { format!(", compared with version {}", report.version) };
        println!("\nreport {}", Hash::try_from(&report.report_hash[..])?);
        println!(
            "{} contributions were weighed again{version}; a proposal of this change cites the report:",
            report.weighed
        );
        println!("{}", citation(&report));
        Ok(())
    }

    /// Heights of the range.
    async fn range(&self, client: &Client) -> Result<(u64, u64), Failure> {
        let (first, last) = match (self.from, self.to) {
            (Bound::Day(_), _) | (_, Bound::Day(_)) => self.heights(client).await?,
            _ => (0, 0),
        };
        let height = |bound, of_days| match bound {
            Bound::None => 0,
            Bound::Height(height) => height,
            Bound::Day(_) => of_days,
        };
        Ok((height(self.from, first), height(self.to, last)))
    }

    /// The first and the last height at which incomes of the days were distributed.
    async fn heights(&self, client: &Client) -> Result<(u64, u64), Failure> {
        let inside = |date: Time| {
            let begun = if let Bound::Day(from) = self.from { date >= from } else { true };
            begun && if let Bound::Day(to) = self.to { date < to } else { true }
        };
        let mut heights = Vec::new();
        let mut request = ListDistributionsRequest { page_size: 100, page_token: String::new() };
        loop {
            let page: ListDistributionsResponse = ask(client, &self.commons, "ListDistributions", &request).await?;
            let dated = page.distributions.into_iter().map(|d| (d.income.unwrap_or_default().date, d.height));
            heights.extend(dated.filter(|(date, _)| Time::parse(date).is_ok_and(inside)).map(|(_, height)| height));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                let none = || format!("{} has distributed no income of those days", self.commons);
                return Ok((*heights.first().ok_or_else(none)?, *heights.last().ok_or_else(none)?));
            }
        }
    }
}

/// What is changed, as it was given.
fn patch(module: Option<Hash>, set: &[String]) -> Result<v1::RulePatch, Failure> {
    let module_bytes = module.map(|hash| hash.0.to_vec()).unwrap_or_default().into();
    let mut patch = v1::RulePatch { module: module_bytes, anew: module.is_some(), ..Default::default() };
    for change in set {
        let shape = || format!("{change:?} sets nothing; write a parameter and its value, such as care_weight=1.5");
        match change.split_once('=').ok_or_else(shape)? {
            // A rule that is anew has nothing to leave out.
            (_, "") if patch.anew => return Err(shape().into()),
            (path, "") => patch.unset.push(path.into()),
            (path, value) => _ = patch.set.insert(path.into(), value.into()),
        }
    }
    Ok(patch)
}

/// Reads to the report, and shows how far it is.
async fn follow(
    client: &Client,
    request: v1::WhatIfRequest,
) -> Result<(Vec<v1::WhatIfRow>, v1::WhatIfReport), Failure> {
    let bar = if at_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style =
        ProgressStyle::with_template("weighing {bar:30.green} {human_pos}/{human_len} contributions  {msg}  {eta}")?;
    bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut stream = client.ledger().what_if(request).await.map_err(ClientError::from)?.into_inner();
    let mut rows = Vec::new();
    while let Some(told) = stream.message().await.map_err(ClientError::from)? {
        match told.part {
            Some(Part::Progress(p)) => {
                bar.set_length(p.contributions.max(p.weighed));
                bar.set_position(p.weighed);
                bar.set_message(format!("distribution {} of {}", p.done, p.distributions));
            }
            Some(Part::Rows(more)) => rows.extend(more.rows),
            Some(Part::Report(report)) => {
                bar.finish_and_clear();
                return Ok((rows, report));
            }
            None => {}
        }
    }
    bar.finish_and_clear();
    Err("the node ended its answer without a report; ask again, or another node".into())
}

/// What stands in a proposal, for `stint call`.
fn citation(report: &v1::WhatIfReport) -> String {
    let hash = BASE64_STANDARD.encode(&report.report_hash);
    let v1::WhatIfReport { from, to, .. } = report;
    format!(r#"  "whatif": [{{"slot": "{SLOT}", "fromHeight": {from}, "toHeight": {to}, "reportHash": "{hash}"}}]"#)
}

/// A row for each distribution and agent, with a bar to the left for what is less and to the right for what is more;
/// then what it comes to for each agent. Of many distributions only that is shown, unless all are asked for.
fn table(rows: &[v1::WhatIfRow], sum_diff: i64, all: bool) -> String {
    let distributions = rows.iter().map(|row| row.distribution.as_str()).collect::<BTreeSet<_>>().len();
    let each = all || distributions <= FEW;
    let mut sums: BTreeMap<&str, [i64; 3]> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(&row.agent).or_default();
        for (sum, part) in sum.iter_mut().zip([row.old, row.new, row.diff]) {
            *sum = sum.saturating_add(part);
        }
    }
    let largest =
        sums.values().map(|s| s[2]).chain(rows.iter().filter(|_| each).map(|r| r.diff)).map(i64::unsigned_abs).max();
    let line = |id: &str, agent: &str, [old, new, diff]: [i64; 3]| {
        [id.into(), agent.into(), amount(old), amount(new), difference(diff), bars(diff, largest.unwrap_or(0))]
    };
    let mut lines: Vec<[String; 6]> =
        rows.iter().filter(|_| each).map(|r| line(&r.distribution, &r.agent, [r.old, r.new, r.diff])).collect();
    lines.extend(sums.iter().map(|(agent, sum)| line("all", agent, *sum)));
    let whole = sums.values().fold([0i64; 3], |all, sum| std::array::from_fn(|i| all[i].saturating_add(sum[i])));
    lines.push(line("sum", "", [whole[0], whole[1], sum_diff]));
    let shown = show::table(&["income", "agent", "was", "would be", "difference", ""], &lines);
    let more = format!("{shown}\n\n{distributions} distributions; --all shows each");
    if each { shown } else { more }
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
    use super::*;

    #[test]
    fn parameters_are_set_changed_and_left_out() {
        let set = ["b=".to_string(), "c.1=x=y".into(), "a=3".into()];
        let patched = patch(None, &set).expect("well-formed");
        let shown: Vec<_> = patched.set.iter().map(|(path, value)| (path.as_str(), value.as_str())).collect();
        assert_eq!((shown, patched.unset), (vec![("a", "3"), ("c.1", "x=y")], vec!["b".to_string()]));
        assert!(patch(None, &["care".into()]).is_err());
        let module = Some(Hash([7; 32]));
        assert!(patch(module, &["a=1".into()]).expect("well-formed").anew && patch(module, &["a=".into()]).is_err());
    }

    fn row(id: &str, agent: &str, old: i64, new: i64) -> v1::WhatIfRow {
        v1::WhatIfRow { distribution: id.into(), agent: agent.into(), old, new, diff: new - old }
    }

    #[test]
    fn differences_point_left_and_right() {
        let shown = table(&[row("i", "ana", 200, 100), row("i", "bo", 0, 100)], 0, false);
        assert!(shown.contains("-1.00  ████████████████████│"), "{shown}");
        assert!(shown.contains("+1.00                      │████████████████████"), "{shown}");
        assert!(shown.lines().last().is_some_and(|l| l.contains("sum") && l.contains("0.00")), "{shown}");
    }

    #[test]
    fn of_many_distributions_the_sums_are_shown() {
        let rows: Vec<_> = (0..100).map(|n| row(&format!("i{n}"), "ana", 100, 101)).collect();
        let shown = table(&rows, 100, false);
        assert!(shown.contains("all") && shown.contains("101.00") && shown.lines().count() == 6, "{shown}");
        assert!(shown.ends_with("100 distributions; --all shows each"), "{shown}");
        assert_eq!(table(&rows, 100, true).lines().count(), 104);
    }

    #[test]
    fn a_range_is_heights_or_days() {
        let read = |text: &str| text.parse::<Bound>();
        assert!(matches!(read("1200"), Ok(Bound::Height(1200))));
        assert!(matches!(read("2026-03-01"), Ok(Bound::Day(_))));
        assert!(matches!(read(""), Ok(Bound::None)));
        assert!(read("soon").is_err_and(|why| why.contains("neither a height")));
    }
}
