use crate::{Conviction, proto::*};
use decide_request::{Ballot, Choice, Param};
use proptest::prelude::*;
use stint_sdk::{Decimal, Ratio, Refusal, Rounding};

const DAY: u64 = 86_400;
const BASE: [(&str, &str); 5] =
    [("decay_num", "9"), ("decay_den", "10"), ("beta", "1/5"), ("rho", "1/400"), ("funds", "1000000")];

fn yes(stake: u64, cast_day: u64) -> Ballot {
    Ballot { choice: Choice::Yes.into(), weight: 1, stake, cast_s: cast_day * DAY, ..Ballot::default() }
}

fn decide(ballots: &[Ballot], day: u64, requested: u64, params: &[(&str, &str)]) -> Result<DecideResponse, Refusal> {
    let param = |(path, value): &(&str, &str)| Param { path: (*path).into(), value: (*value).into() };
    Conviction::decide(DecideRequest {
        params: params.iter().map(param).collect(),
        ballots: ballots.into(),
        electorate: 6,
        opened_s: 0,
        now_s: day * DAY,
        requested,
    })
}

fn figures(answer: &DecideResponse) -> Vec<&str> {
    answer.figures.iter().map(|f| f.value.as_str()).collect()
}

#[test]
fn support_grows_until_it_reaches_what_the_request_calls_for() {
    // S = 600, r = 0.1: 0.0025 · 600 / (0.1 · 0.01) = 1500; 200 staked grow towards 2000.
    let ballots = [yes(100, 0), yes(100, 0)];
    let answer = |day| decide(&ballots, day, 100_000, &BASE).unwrap();
    assert_eq!(figures(&answer(0)), ["0", "1500"]);
    assert_eq!(figures(&answer(1)), ["200", "1500"]);
    assert_eq!(figures(&answer(2)), ["380", "1500"]);
    assert_eq!(figures(&answer(13))[0], "1491.626834");
    assert!(!answer(13).passed);
    assert!(answer(14).passed);
    assert_eq!(answer(14).reason, "conviction 1542.46415 reaches 1500");
}

#[test]
fn who_asks_for_less_needs_less_and_nobody_asks_for_more_than_beta() {
    let ballots = [yes(100, 0), yes(100, 0)];
    assert!(decide(&ballots, 3, 0, &BASE).unwrap().passed);
    assert!(!decide(&ballots, 400, 190_000, &BASE).unwrap().passed);
    let all = decide(&ballots, 400, 200_000, &BASE).unwrap();
    assert!(!all.passed);
    assert_eq!(all.reason, "0.2 of the funds is asked for, and less than 0.2 may be");
}

#[test]
fn a_no_stakes_nothing_and_nobody_stakes_more_than_the_budget() {
    let no = Ballot { choice: Choice::No.into(), ..yes(100, 0) };
    let answer = decide(&[no, yes(1_000_000, 0)], 1, 0, &BASE).unwrap();
    assert_eq!(figures(&answer)[0], "100");
    assert!(!decide(&[], 10, 0, &BASE).unwrap().passed);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (path, value) in [
        ("decay_num", "10"),
        ("decay_den", "1001"),
        ("beta", "0"),
        ("beta", "6/5"),
        ("rho", "0"),
        ("funds", "0"),
        ("step_s", "0"),
        ("x", "1"),
    ] {
        let mut params: Vec<(&str, &str)> = BASE.into_iter().filter(|(p, _)| *p != path).collect();
        params.push((path, value));
        assert_eq!(decide(&[], 1, 0, &params).unwrap_err().rule, "params", "{path}");
    }
    assert!(decide(&[], 1, 0, &BASE[1..]).unwrap_err().message.contains("decay_num is missing"));
    let known = Conviction::describe(DescribeRequest {}).unwrap().parameters;
    assert!(known.iter().any(|p| p.path == "step_s" && p.default == "86400"));
}

#[test]
fn ages_and_stakes_of_any_size_have_an_answer() {
    let ballots: Vec<Ballot> = (0..1000).map(|n| Ballot { weight: 1_000_000, ..yes(u64::MAX, n) }).collect();
    let params = [
        ("decay_num", "999"),
        ("decay_den", "1000"),
        ("beta", "1/7"),
        ("rho", "1/997"),
        ("funds", "999999999999999999"),
        ("credits", "4294967295"),
    ];
    assert!(!decide(&ballots, u64::from(u32::MAX), 1, &params).unwrap().reason.is_empty());
}

proptest! {
    #[test]
    fn the_closed_form_is_the_recurrence(ballots in prop::collection::vec((0u64..100, 0u64..30), 0..8), day in 0u64..30, num in 0u32..10) {
        let cast: Vec<Ballot> = ballots.iter().map(|(stake, at)| yes(*stake, *at)).collect();
        let num_text = num.to_string();
        let params = [("decay_num", num_text.as_str()), ("decay_den", "10"), ("beta", "1/5"), ("rho", "1/400"), ("funds", "1000000")];
        let answer = decide(&cast, day, 0, &params).unwrap();
        // y = a · y + x, day by day.
        let mut y = Ratio::ZERO;
        for today in 1..=day {
            let staked: u64 = ballots.iter().filter(|(_, at)| *at < today).map(|(stake, _)| *stake).sum();
            y = y.times(&Ratio::new(num.into(), 10).unwrap()).unwrap().plus(&Ratio::from(staked)).unwrap();
        }
        let shown = Decimal::from_ratio(&y, 6, Rounding::Down).unwrap().to_string();
        prop_assert_eq!(&answer.figures[0].value, &shown);
    }
}
