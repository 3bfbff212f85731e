//! `stint import git`: every commit a contribution of its author, its hash the contribution's id.

use super::{
    Failure, contribute,
    feed::{Ended, Source, feed},
    git::{Commit, Repository},
    report,
    target::Target,
};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use prost::Message;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use stint_client::{Client, Key, VALID_FOR, random_id, sign};
use stint_proto::{Transaction, hash};

const RECORD: &str = "/stint.contribute.v1.Contribute/Record";
const TEXT_BYTES: usize = 1000;
const SUBJECT_BYTES: usize = 200;
const FAILURES_SHOWN: usize = 5;

/// Imports the commits of a git repository.
#[derive(Args)]
pub struct Git {
    #[command(flatten)]
    target: Target,
    /// The repository
    #[arg(long, default_value = ".")]
    repo: PathBuf,
    /// The commons that gets the contributions
    #[arg(long)]
    commons: String,
    /// Only what HEAD reaches, instead of all branches and tags
    #[arg(long)]
    head_only: bool,
}

impl Git {
    pub async fn execute(&self) -> Result<(), Failure> {
        let repository = Repository::open(&self.repo, !self.head_only)?;
        if repository.is_empty()? {
            return Err(format!("{} has no commits yet; there is nothing to import", self.repo.display()).into());
        }
        let client = self.target.connect().await?;
        let known = known_ids(&client, &self.commons).await?;
        let nodes: Vec<_> = self.target.nodes()?.into_iter().map(|(_, address)| address).collect();
        let mut commits = Commits {
            key: self.target.signer()?,
            commons: self.commons.clone(),
            commits: repository.commits()?,
            known,
            under_way: BTreeMap::new(),
            notes: Notes::default(),
            number: 0,
            today: Day::today()?,
        };
        let bar = progress_bar(repository.count()?);
        let mut tally = Tally::new(bar);
        let result = feed(&nodes, &mut commits, |ended| tally.count(ended)).await;
        tally.bar.finish_and_clear();
        result?;
        commits.notes.tell();
        tally.tell(commits.notes.known)?;
        // The node that answered at the start may be gone by now.
        let client = self.target.connect().await?;
        // And the first that answers may lag behind those that took the calls.
        client.saw(tally.height);
        report::contributors(&client, &self.commons, Some(&repository)).await
    }
}

/// Ids that the commons has recorded: their commits need no second call.
async fn known_ids(client: &Client, commons: &str) -> Result<BTreeSet<String>, Failure> {
    let mut known = BTreeSet::new();
    let mut page_token = String::new();
    loop {
        let request = contribute::ListContributionsRequest { page_size: 1000, page_token, ..Default::default() };
        let method = "/stint.contribute.v1.Contribute/ListContributions";
        let answer = client.query(commons, method, request.encode_to_vec().into()).await;
        let answer = answer.map_err(|e| format!("{e}; found the commons with: stint found {commons}"))?;
        let page = contribute::ListContributionsResponse::decode(answer)?;
        known.extend(page.contributions.into_iter().map(|c| c.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(known);
        }
    }
}

/// What was not taken as it stands.
#[derive(Default)]
struct Notes {
    known: u64,
    undated: u64,
    in_future: u64,
    unnamed: u64,
    long_names: u64,
}

impl Notes {
    fn tell(&self) {
        let note = |n: u64, what: &str| {
            if n > 0 {
                println!("note: {n} {what}");
            }
        };
        note(
            self.undated,
            "commits have a date that cannot be read, or before the year 1; they stand under 1970-01-01",
        );
        note(self.in_future, "commits are dated in the future; they stand under today");
        note(self.unnamed, "commits have no author; they stand under «nobody»");
        note(self.long_names, "commits have an author's name of over 1,000 bytes; it is cut and marked");
    }
}

/// Commits as signed calls.
struct Commits {
    key: Key,
    commons: String,
    commits: super::git::Commits,
    known: BTreeSet<String>,
    under_way: BTreeMap<u64, contribute::Contribution>,
    notes: Notes,
    number: u64,
    today: Day,
}

impl Commits {
    fn contribution(&mut self, commit: Commit) -> contribute::Contribution {
        let day = match commit.time.and_then(Day::of_time) {
            None => {
                self.notes.undated += 1;
                Day(0)
            }
            Some(day) if day > self.today => {
                self.notes.in_future += 1;
                self.today
            }
            Some(day) => day,
        };
        let mut author = commit.author;
        if author.trim().is_empty() || author == " <>" {
            self.notes.unnamed += 1;
            author = "nobody".into();
        } else if author.len() > TEXT_BYTES {
            self.notes.long_names += 1;
            let mark = hash("stint.import.author", author.as_bytes()).short();
            author = format!("{}…{mark}", cut(&author, TEXT_BYTES - 20));
        }
        contribute::Contribution {
            reference: format!("{} {}", commit.hash, cut(&commit.subject, SUBJECT_BYTES)).trim_end().into(),
            id: commit.hash,
            author,
            kind: "commit".into(),
            quantity: "1".into(),
            date: day.to_string(),
        }
    }

    fn sign(&self, c: &contribute::Contribution, client: &Client, height: u64) -> Result<Transaction, Failure> {
        let request = contribute::RecordRequest { contribution: Some(c.clone()) };
        let until = height + VALID_FOR;
        let id = random_id()?;
        Ok(sign(client.chain_id, &self.key, &self.commons, RECORD, request.encode_to_vec().into(), id, until)?)
    }
}

impl Source for Commits {
    fn next(&mut self, client: &Client, height: u64) -> Option<Result<(u64, Transaction), Failure>> {
        loop {
            let commit = match self.commits.next()? {
                Ok(commit) => commit,
                Err(e) => return Some(Err(e.into())),
            };
            if self.known.contains(&commit.hash) {
                self.notes.known += 1;
                continue;
            }
            self.number += 1;
            let contribution = self.contribution(commit);
            let signed = self.sign(&contribution, client, height);
            self.under_way.insert(self.number, contribution);
            return Some(signed.map(|tx| (self.number, tx)));
        }
    }

    fn again(&mut self, number: u64, client: &Client, height: u64) -> Result<Transaction, Failure> {
        let missing = || format!("call {number} is not under way");
        self.sign(self.under_way.get(&number).ok_or_else(missing)?, client, height)
    }
}

fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|i| text.is_char_boundary(*i));
    &text[..end.unwrap_or(0)]
}

/// Days since 1970-01-01, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Day(i64);

impl Day {
    fn today() -> Result<Day, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
        Ok(Day(now / 86_400))
    }

    /// The day of a time in seconds; `None` before the year 1.
    fn of_time(time: i64) -> Option<Day> {
        let day = Day(time.div_euclid(86_400));
        (day.0 >= -719_162).then_some(day)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = i32::try_from(self.0).unwrap_or(0);
        f.write_str(&stint_sdk::Day::from_key((days + 719_162) as u32).to_string())
    }
}

fn progress_bar(total: u64) -> ProgressBar {
    let bar = if super::at_terminal() { ProgressBar::new(total) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("importing {bar:30.green} {pos}/{len} commits  {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("█▉▊▋▌▍▎▏ "))
}

/// What came of the calls so far, and how fast.
struct Tally {
    bar: ProgressBar,
    began: Instant,
    new: u64,
    known: u64,
    failures: Vec<String>,
    failed: u64,
    took: Vec<Duration>,
    /// The newest block with one of them.
    height: u64,
    shown: Instant,
}

impl Tally {
    fn new(bar: ProgressBar) -> Tally {
        let now = Instant::now();
        let (failures, took) = (Vec::new(), Vec::new());
        Tally { bar, began: now, new: 0, known: 0, failures, failed: 0, took, height: 0, shown: now }
    }

    fn count(&mut self, ended: Ended) {
        match ended.receipt {
            Ok(receipt) => {
                self.height = self.height.max(receipt.height);
                match contribute::RecordResponse::decode(receipt.response) {
                    Ok(r) if r.known => self.known += 1,
                    _ => self.new += 1,
                }
            }
            Err(why) => {
                self.failed += 1;
                if self.failures.len() < FAILURES_SHOWN {
                    self.failures.push(format!("commit number {}: {why}", ended.number));
                }
            }
        }
        self.took.push(ended.took);
        self.bar.inc(1);
        if self.shown.elapsed() > Duration::from_millis(200) {
            self.shown = Instant::now();
            let recent = &self.took[self.took.len().saturating_sub(500)..];
            self.bar.set_message(format!("{}/s  final after {} ms", self.rate(), percentile(recent, 50).as_millis()));
        }
    }

    fn rate(&self) -> u64 {
        (self.took.len() as u128 * 1000).checked_div(self.began.elapsed().as_millis()).unwrap_or(0) as u64
    }

    fn tell(&self, known_before: u64) -> Result<(), Failure> {
        println!("{} commits recorded, {} known before", self.new, self.known + known_before);
        if !self.took.is_empty() {
            let (p50, p99) = (percentile(&self.took, 50), percentile(&self.took, 99));
            println!("{} calls/s, final after {} ms (p50), {} ms (p99)", self.rate(), p50.as_millis(), p99.as_millis());
        }
        for failure in &self.failures {
            eprintln!("refused: {failure}");
        }
        match self.failed {
            0 => Ok(()),
            n => Err(format!("{n} commits were refused").into()),
        }
    }
}

fn percentile(all: &[Duration], percent: usize) -> Duration {
    let mut sorted = all.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}
