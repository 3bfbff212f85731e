//! Quadratic voting: whoever casts n votes pays n × n for them.
//!
//! Source: Lalley and Weyl, *Quadratic Voting* (2018); Posner and Weyl, *Radical Markets* (2018), chapter 2.
//!
//! ```text
//! budget of a seat = credits × weight
//! votes of a seat  = ⌊√ min(stake, budget)⌋          n votes cost n², what is left of the stake buys nothing
//! passed           = Y > 0 and Y / (Y + N) ≥ threshold,   Y, N = votes of all who said yes, no
//! ```
//!
//! A voice four times as strong costs sixteen times as much. That deters nobody who has nothing else to spend on,
//! and whoever may hold many seats pays less for the same votes: it is for commons that know their members and
//! count the credits that each gives away over several decisions.
#![deny(unsafe_code)]

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs, clippy::doc_markdown)]
pub mod proto {
    stint_sdk::proto!("stint.rule.v1");
}

use proto::{
    Decide, DecideRequest, DecideResponse, DescribeRequest, DescribeResponse,
    decide_request::{Ballot, Choice},
    decide_response::Figure,
    describe_response::Parameter,
};
use stint_sdk::{Params, Ratio, Refusal};

/// The rule.
pub struct Quadratic;

const PARAMETERS: [(&str, &str, &str); 2] = [
    ("credits", "what a seat may put in for each unit of its weight", "100"),
    ("threshold", "which part of all votes must be yes, for example 2/3", "1/2"),
];

impl Decide for Quadratic {
    fn describe(_: DescribeRequest) -> Result<DescribeResponse, Refusal> {
        let parameter = |(path, meaning, default): (&str, &str, &str)| Parameter {
            path: path.into(),
            meaning: meaning.into(),
            default: default.into(),
        };
        Ok(DescribeResponse {
            name: "quadratic".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            formula: "n votes cost n × n; passed when yes / (yes + no) reaches the threshold".into(),
            parameters: PARAMETERS.map(parameter).into(),
        })
    }

    fn decide(request: DecideRequest) -> Result<DecideResponse, Refusal> {
        let params = Params::new(request.params.iter().map(|p| (p.path.as_str(), p.value.as_str())))?;
        params.only(&PARAMETERS.map(|(path, ..)| path))?;
        let credits = params.or("credits", 100, |p, path| p.whole::<u32>(path))?;
        let threshold = params.or("threshold", Ratio::new(1, 2)?, |p, path| p.ratio(path))?;
        if threshold.is_negative() || threshold > Ratio::ONE {
            return Err(Refusal::invalid("params", format!("the threshold is {threshold}; it is 0 to 1")));
        }
        let (yes, no) = (votes(&request.ballots, Choice::Yes, credits), votes(&request.ballots, Choice::No, credits));
        decided(yes, no, &threshold)
    }
}

fn decided(yes: u64, no: u64, threshold: &Ratio) -> Result<DecideResponse, Refusal> {
    let all = yes + no;
    let passed = yes > 0 && Ratio::from(yes) >= threshold.times(&Ratio::from(all))?;
    let verb = if passed { "reach" } else { "do not reach" };
    let figure = |name: &str, value: String| Figure { name: name.into(), value };
    Ok(DecideResponse {
        passed,
        reason: format!("{yes} of {all} votes, at n × n a voter, {verb} {threshold}"),
        figures: vec![figure("yes", yes.to_string()), figure("no", no.to_string())],
    })
}

/// Votes of all who chose alike.
fn votes(ballots: &[Ballot], choice: Choice, credits: u32) -> u64 {
    let of = |ballot: &Ballot| {
        let budget = u64::from(credits) * u64::from(ballot.weight);
        ballot.stake.min(budget).isqrt()
    };
    // A root has 32 bits at most, so as many ballots as fit a request fit the sum.
    ballots.iter().filter(|ballot| ballot.choice() == choice).map(of).sum()
}

stint_sdk::rule!(proto, Quadratic);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proto::decide_request::Param;

    fn ballot(choice: Choice, weight: u32, stake: u64) -> Ballot {
        Ballot { choice: choice.into(), weight, stake, ..Ballot::default() }
    }

    fn decide(ballots: &[Ballot], params: &[(&str, &str)]) -> Result<DecideResponse, Refusal> {
        let param = |(path, value): &(&str, &str)| Param { path: (*path).into(), value: (*value).into() };
        let params = params.iter().map(param).collect();
        Quadratic::decide(DecideRequest { params, ballots: ballots.into(), ..DecideRequest::default() })
    }

    #[test]
    fn one_who_cares_much_outweighs_three_who_care_little() {
        let ballots = [
            ballot(Choice::Yes, 1, 16),
            ballot(Choice::No, 1, 1),
            ballot(Choice::No, 1, 1),
            ballot(Choice::No, 1, 1),
            ballot(Choice::Abstain, 1, 100),
        ];
        let answer = decide(&ballots, &[]).unwrap();
        assert!(answer.passed);
        assert_eq!(answer.reason, "4 of 7 votes, at n × n a voter, reach 0.5");
        assert!(!decide(&ballots, &[("threshold", "2/3")]).unwrap().passed);
    }

    #[test]
    fn nobody_spends_more_than_the_budget_and_no_part_of_a_vote_is_bought() {
        let votes = |weight, stake, credits| super::votes(&[ballot(Choice::Yes, weight, stake)], Choice::Yes, credits);
        assert_eq!(votes(1, 15, 100), 3);
        assert_eq!(votes(1, 1_000_000, 100), 10);
        assert_eq!(votes(4, 1_000_000, 100), 20);
        assert_eq!(votes(1, u64::MAX, 0), 0);
        assert_eq!(votes(u32::MAX, u64::MAX, u32::MAX), u64::from(u32::MAX));
    }

    #[test]
    fn without_a_yes_nothing_passes() {
        assert!(!decide(&[], &[]).unwrap().passed);
        assert!(!decide(&[ballot(Choice::Abstain, 1, 0)], &[("threshold", "0")]).unwrap().passed);
        assert!(!decide(&[ballot(Choice::No, 1, 1)], &[("threshold", "0")]).unwrap().passed);
    }

    #[test]
    fn what_it_does_not_know_it_refuses() {
        for params in [[("treshold", "1/2")], [("threshold", "3/2")], [("threshold", "-1")], [("credits", "1.5")]] {
            assert_eq!(decide(&[], &params).unwrap_err().rule, "params", "{params:?}");
        }
        let known = Quadratic::describe(DescribeRequest {}).unwrap().parameters;
        assert_eq!(known.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["credits", "threshold"]);
    }

    proptest! {
        #[test]
        fn n_votes_cost_n_squared(stakes in prop::collection::vec((0u64..100_000, 1u32..5, any::<bool>()), 0..50), num in 1i64..=10) {
            let ballots: Vec<Ballot> = stakes.iter().map(|(s, w, y)| ballot(if *y { Choice::Yes } else { Choice::No }, *w, *s)).collect();
            let threshold = format!("{num}/10");
            let answer = decide(&ballots, &[("credits", "10000"), ("threshold", &threshold)]).unwrap();
            // By trying: the most votes whose price is paid.
            let model = |yes: bool| -> u64 {
                let paid = stakes.iter().filter(|(_, _, y)| *y == yes).map(|(s, w, _)| (*s).min(10_000 * u64::from(*w)));
                paid.map(|paid| (0..).take_while(|n| n * n <= paid).last().unwrap_or(0)).sum()
            };
            let (yes, no) = (model(true), model(false));
            prop_assert_eq!(answer.figures.iter().map(|f| f.value.clone()).collect::<Vec<_>>(), [yes.to_string(), no.to_string()]);
            prop_assert_eq!(answer.passed, yes > 0 && yes * 10 >= (yes + no) * num as u64);
        }
    }
}
