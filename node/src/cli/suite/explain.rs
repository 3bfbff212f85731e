//! `stint explain`: why an agent got what it got, as a tree from the amount down to each contribution.

use super::{
    ask,
    money::amount,
    value::{Branch, ExplainRequest, ExplainResponse, Filled},
};
use crate::cli::{Failure, target::Target};
use clap::Args;
use std::fmt::Write;
use stint_proto::Hash;

/// Shows why an agent got what it got in a distribution.
#[derive(Args)]
pub struct Explain {
    #[command(flatten)]
    target: Target,
    /// The commons
    commons: String,
    /// The distribution: the id of its income
    distribution: String,
    /// The agent
    agent: String,
}

impl Explain {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let mut request = ExplainRequest {
            distribution: self.distribution.clone(),
            agent: self.agent.clone(),
            page_size: 1000,
            page_token: String::new(),
        };
        let mut whole: ExplainResponse = ask(&client, &self.commons, "Explain", &request).await?;
        while !whole.next_page_token.is_empty() {
            request.page_token = std::mem::take(&mut whole.next_page_token);
            let page: ExplainResponse = ask(&client, &self.commons, "Explain", &request).await?;
            whole.next_page_token = page.next_page_token;
            page.pools.into_iter().for_each(|more| add(&mut whole.pools, more));
        }
        print!("{}", tree(&self.agent, &self.distribution, &whole)?);
        Ok(())
    }
}

/// Adds a later page's contributions to the pool that they belong to.
fn add(pools: &mut Vec<Branch>, more: Branch) {
    let name = |branch: &Branch| branch.pool.as_ref().map(|p| p.name.clone());
    match pools.iter_mut().find(|branch| name(branch) == name(&more)) {
        Some(branch) => branch.contributions.extend(more.contributions),
        None => pools.push(more),
    }
}

fn tree(agent: &str, distribution: &str, whole: &ExplainResponse) -> Result<String, Failure> {
    let totals = whole.totals.unwrap_or_default();
    let net = totals.amount - totals.purchases;
    let mut out = String::new();
    writeln!(
        out,
        "{agent} gets {} of {distribution}: {} less {} of purchases leave {}",
        amount(whole.amount),
        amount(totals.amount),
        amount(totals.purchases),
        amount(net)
    )?;
    for branch in &whole.pools {
        let filled = branch.pool.clone().unwrap_or_default();
        writeln!(out, "├─ {}", head(branch, &filled))?;
        for share in branch.shares.iter().filter(|s| !s.formula.is_empty()) {
            writeln!(out, "│    {}", share.formula)?;
        }
        for leaf in &branch.contributions {
            let opened =
                if leaf.opened > 0 { format!(", owed since distribution {}", leaf.opened) } else { String::new() };
            writeln!(out, "│    └─ {}: {}, weight {}{opened}", leaf.contribution, leaf.formula, leaf.weight)?;
        }
    }
    if let Some(adjustment) = &whole.adjustment {
        writeln!(out, "├─ settled among members: {}", amount(adjustment.amount))?;
        writeln!(out, "│    {}", adjustment.formula)?;
    }
    let (rule, params) = (Hash::try_from(&whole.rule_hash[..])?, Hash::try_from(&whole.params_hash[..])?);
    writeln!(out, "└─ by rule {rule}, version {}", whole.rule_version)?;
    writeln!(out, "     with parameters {params}, at height {}", whole.height)?;
    Ok(out)
}

fn head(branch: &Branch, filled: &Filled) -> String {
    let got: i64 = branch.shares.iter().map(|s| s.amount).sum();
    match filled.name.is_empty() {
        true => "nothing of any pool, for".into(),
        false => format!("{} of {}: {} ({})", amount(got), filled.name, amount(filled.amount), filled.formula),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::value::{Leaf, Share, Totals},
        *,
    };

    #[test]
    fn a_tree_goes_from_the_amount_down_to_the_contributions() {
        let share = Share { amount: 11_116, formula: "15880 × 70 / 100 → 11116".into(), ..Default::default() };
        let leaf = Leaf {
            contribution: "design-bo".into(),
            weight: "70".into(),
            formula: "70 credits".into(),
            ..Default::default()
        };
        let pool = Filled {
            name: "design".into(),
            amount: 15_880,
            formula: "5 % of what reimbursement left".into(),
            ..Default::default()
        };
        let whole = ExplainResponse {
            amount: 11_116,
            totals: Some(Totals { amount: 360_000, purchases: 14_400, ..Default::default() }),
            pools: vec![Branch { pool: Some(pool), shares: vec![share], contributions: vec![leaf] }],
            rule_hash: vec![1; 32],
            params_hash: vec![2; 32],
            rule_version: 1,
            height: 7,
            ..Default::default()
        };
        let shown = tree("bo", "march", &whole).expect("hashes of 32 bytes");
        let lines: Vec<_> = shown.lines().take(4).collect();
        assert_eq!(
            lines,
            [
                "bo gets 111.16 of march: 3600.00 less 144.00 of purchases leave 3456.00",
                "├─ 111.16 of design: 158.80 (5 % of what reimbursement left)",
                "│    15880 × 70 / 100 → 11116",
                "│    └─ design-bo: 70 credits, weight 70",
            ]
        );
    }
}
