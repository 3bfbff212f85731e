//! Contributors, contributions and shares, as the contract computes them.

use super::{Failure, contribute, git::Repository, show, target::Target};
use crate::client::Client;
use clap::Args;
use prost::Message;

/// Shows contributors, contributions and shares.
#[derive(Args)]
pub struct Shares {
    #[command(flatten)]
    target: Target,
    /// The commons
    commons: String,
}

const METHOD: &str = "/stint.contribute.v1.Contribute/GetShares";
const ROWS: usize = 20;
const NAME_CELLS: usize = 44;
const BAR_CELLS: u64 = 30;

impl Shares {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        contributors(&client, &self.commons, None).await
    }
}

/// All shares, page by page.
async fn shares(
    client: &Client,
    commons: &str,
) -> Result<(Vec<contribute::Share>, contribute::GetSharesResponse), Failure> {
    let mut all = Vec::new();
    loop {
        let request = contribute::GetSharesRequest { page_size: 1000, skip: all.len() as u32, ..Default::default() };
        let answer = client.query(commons, METHOD, request.encode_to_vec().into()).await?;
        let mut page = contribute::GetSharesResponse::decode(answer)?;
        let shares = std::mem::take(&mut page.shares);
        let is_last = shares.is_empty();
        all.extend(shares);
        if is_last || all.len() >= page.contributors as usize {
            return Ok((all, page));
        }
    }
}

/// Prints the table with bars; with a repository, compares with what git counts.
pub async fn contributors(client: &Client, commons: &str, repository: Option<&Repository>) -> Result<(), Failure> {
    let (all, total) = shares(client, commons).await?;
    let others: u64 = all.iter().skip(ROWS).map(|s| u64::from(s.basis_points)).sum();
    let largest = all.iter().map(|s| u64::from(s.basis_points)).chain([others]).max().unwrap_or(0);
    let percent = |bp: u64| format!("{}.{:02} %", bp / 100, bp % 100);
    let row =
        |name: String, n: u64, points: String, bp: u64, bar: String| [name, n.to_string(), points, percent(bp), bar];
    let mut rows: Vec<_> = all
        .iter()
        .take(ROWS)
        .map(|s| {
            let bp = s.basis_points.into();
            row(
                show::fit(&s.author, NAME_CELLS),
                s.contributions,
                s.points.clone(),
                bp,
                show::bar(bp, largest, BAR_CELLS),
            )
        })
        .collect();
    if all.len() > ROWS {
        let rest = &all[ROWS..];
        let n = rest.iter().map(|s| s.contributions).sum();
        rows.push(row(
            format!("{} others", rest.len()),
            n,
            String::new(),
            others,
            show::bar(others, largest, BAR_CELLS),
        ));
    }
    let sum: u64 = all.iter().map(|s| u64::from(s.basis_points)).sum();
    rows.push(row(
        format!("{} contributors", total.contributors),
        total.contributions,
        total.points,
        sum,
        String::new(),
    ));
    println!("\n{commons}\n{}", show::table(&["contributor", "contributions", "points", "share", ""], &rows));
    match repository {
        Some(repository) => compare(repository, &all),
        None => Ok(()),
    }
}

/// Says whether the commons counts what git counts.
fn compare(repository: &Repository, all: &[contribute::Share]) -> Result<(), Failure> {
    let mut git = repository.shortlog()?;
    let mut ours: Vec<(String, u64)> = all.iter().map(|s| (s.author.clone(), s.contributions)).collect();
    git.sort();
    ours.sort();
    if git == ours {
        println!("contributors and counts equal git shortlog -sne --no-merges");
        return Ok(());
    }
    let difference = git.iter().find(|g| !ours.contains(g)).map(|(a, n)| format!("git counts {n} of {a}"));
    let difference = difference
        .or_else(|| ours.iter().find(|o| !git.contains(o)).map(|(a, n)| format!("the commons counts {n} of {a}")));
    println!(
        "contributors and counts differ from git shortlog -sne --no-merges, as they do when a commons holds more than one \
         history: {}",
        difference.unwrap_or_default()
    );
    Ok(())
}
