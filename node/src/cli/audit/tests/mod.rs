mod commons;
mod forge;
mod ledger;

use super::audit;
use crate::{cli::suite::value::Distributed, tests::genesis};
use forge::played;
use ledger::{HONEST, Ledger, Lie, contracts, replace};
use prost::Message;
use stint_proto::{Genesis, Hash, v1};
use stint_runtime::BlockResult;

/// Audits files of a ledger; what it says, or the error.
fn audited_as(ledger: (Genesis, Hash), commons: &str, files: &[Vec<u8>]) -> Result<Vec<String>, String> {
    let named = files.iter().enumerate().map(|(n, bytes)| (format!("file {n}"), &bytes[..])).collect();
    let mut told = Vec::new();
    audit(ledger, named, commons, contracts(), &mut |line| told.push(line)).map_err(|e| e.to_string())?;
    Ok(told)
}

fn audited(commons: &str, files: &[Vec<u8>]) -> Result<Vec<String>, String> {
    audited_as(genesis(), commons, files)
}

/// What an audit of forge ends with when the validators lie.
fn told_of(lie: &Lie<'_>) -> String {
    let ledger = Ledger::again(&played().0.blocks, lie);
    audited("forge", &[ledger.exported()]).expect_err("a lie")
}

/// What it ends with when they all sign another receipt of the call that shares the income.
fn told_of_receipt(index: usize, change: &dyn Fn(&mut v1::Receipt)) -> String {
    let shared = played().1;
    let result = |height, result: &mut BlockResult| {
        if height == shared {
            replace(result, index, change);
        }
    };
    told_of(&Lie { result: &result, ..HONEST })
}

#[test]
fn an_honest_ledger_comes_out_equal() {
    let (ledger, _) = played();
    let last = ledger.certified();
    let calls: usize = ledger.blocks.iter().map(|(_, calls)| calls.len()).sum();
    let said = audited("forge", &[ledger.exported()]).expect("equal");
    assert_eq!(said.last(), Some(&format!("equal: {last} blocks, {calls} calls, 1 distributions of forge")));
    let row = |line: &String| line.split_whitespace().map(str::to_string).collect::<Vec<_>>();
    let rows: Vec<_> = said.iter().flat_map(|l| l.lines()).map(|l| row(&l.to_string())).collect();
    assert!(rows.contains(&["i1", "3", "3", "1000.00", "equal"].map(String::from).to_vec()), "{said:#?}");

    // Mend distributes nothing and has a book; the consortium has neither.
    let said = audited("mend", &[ledger.exported()]).expect("equal");
    assert!(said.contains(&"book: 1 resources rebuilt from 2 events, each as it is kept".into()), "{said:#?}");
    let said = audited("consortium", &[ledger.exported()]).expect("equal");
    assert_eq!(said.last(), Some(&format!("equal: {last} blocks, {calls} calls, 0 distributions of consortium")));

    // In several files, and up to any block that is certified.
    let parts = [ledger.export(1, 7), ledger.export(8, 8), ledger.export(9, last)];
    assert_eq!(audited("mend", &parts).expect("equal").last(), audited("mend", &[ledger.exported()]).unwrap().last());
    let said = audited("forge", &[ledger.export(1, 3)]).expect("equal");
    assert_eq!(said.last().map(String::as_str), Some("equal: 3 blocks, 3 calls, 0 distributions of forge"));
}

/// The point of an audit: signatures prove what validators say, and not that the rules lead to it.
#[test]
fn a_receipt_that_all_validators_changed_is_told_by_its_call_and_field() {
    let shared = played().1;
    let said = told_of_receipt(1, &|receipt| {
        let event = receipt.events.iter_mut().find(|e| e.r#type.ends_with(".Distributed")).expect("an event");
        let mut body = Distributed::decode(&event.body[..]).expect("a distribution");
        let totals = body.totals.as_mut().expect("totals");
        (totals.shares, totals.fund) = (totals.shares + 1, totals.fund - 1);
        body.shares_root = vec![7; 32];
        event.body = body.encode_to_vec().into();
    });
    let place = format!("different: block {shared}, call 1, stint.value.v1.Value/Distribute on forge by ana: ");
    let (head, table) = said.split_once("\n\n").expect("a table");
    assert_eq!(head, format!("{place}another receipt comes out"));
    let rows: Vec<Vec<&str>> =
        table.lines().skip(2).map(|l| l.split("  ").filter(|c| !c.is_empty()).collect()).collect();
    let cells: Vec<[&str; 2]> = rows.iter().map(|row| [row[0], row[1].trim()]).collect();
    let seven = hex::encode([7; 32]);
    let event = |field: &str| format!("event 0 Distributed.{field}");
    let (shares, fund, root) = (event("totals.shares"), event("totals.fund"), event("shares_root"));
    assert_eq!(cells, [[&shares[..], "90001"], [&fund, "9999"], [&root, &seven]], "{table}");
    assert_eq!((rows[0][2].trim(), rows[1][2].trim()), ("90000", "10000"));
}

#[test]
fn whatever_differs_in_a_receipt_is_told() {
    let told = |index, change: &dyn Fn(&mut v1::Receipt), row: &str| {
        let said = told_of_receipt(index, change);
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat(&said).contains(row), "{said}\ninstead of: {row}");
    };
    told(0, &|r| r.refusal = None, "it was done refused by");
    told(0, &|r| r.refusal.as_mut().expect("refused").message = "no".into(), "it was refused by");
    told(1, &|r| r.refusal = Some(v1::Refusal { rule: "V9".into(), ..Default::default() }), "it was refused by");
    told(1, &|r| r.events.clear(), "events 0 1");
    told(
        1,
        &|r| r.events[0].commons = "mend".into(),
        "event 0 stint.value.v1.Distributed of stint.value.v1.Value on mend",
    );
    told(1, &|r| r.events[0].body = vec![0xff].into(), "event 0 Distributed, bytes ff ");
    told(1, &|r| r.response = Default::default(), "response.done false true");
    told(1, &|r| r.fuel_used += 1, "fuel ");
    told(1, &|r| r.writes_hash = Default::default(), "hash of its writes ");
    told(1, &|r| r.height += 1, "height ");
    told(1, &|r| r.id = Default::default(), "id ");
}

#[test]
fn a_state_that_no_call_led_to_is_told_by_its_block() {
    // In the block that shares, and in one without any call.
    for at in [played().1, played().0.certified()] {
        let result = |height, result: &mut BlockResult| {
            if height == at {
                result.writes.insert(b"k/member/forge/eve".to_vec(), Some(b"steward".to_vec()));
            }
        };
        let said = told_of(&Lie { result: &result, ..HONEST });
        assert!(said.starts_with(&format!("different: block {at}: its receipts are the same, ")), "{said}");
        assert!(said.contains("state root") && !said.contains("receipts root"), "{said}");
    }
    // A root that stands in a header alone.
    let header = |header: &mut stint_proto::Header| {
        if header.height == 9 {
            header.state_root = Hash([9; 32]);
        }
    };
    let said = told_of(&Lie { header: &header, ..HONEST });
    assert!(said.starts_with("different: block 9: its header says otherwise of what block 8 led to"), "{said}");
    assert!(said.contains(&hex::encode([9; 32])), "{said}");
}

#[test]
fn a_block_that_no_node_may_accept_is_told() {
    let height = played().1;
    let header = |header: &mut stint_proto::Header| {
        if header.height == height {
            header.time_ms = 1;
        }
    };
    let said = told_of(&Lie { header: &header, ..HONEST });
    let expected = format!("different: block {height}: no node may accept it: its time does not come after");
    assert!(said.starts_with(&expected), "{said}");

    // They may have begun with other members than the genesis file names.
    let header = |header: &mut stint_proto::Header| {
        if header.height == 1 {
            header.parent = Hash([5; 32]);
        }
    };
    let said = told_of(&Lie { header: &header, ..HONEST });
    assert!(said.starts_with("different: block 1: it follows another block than the one that the genesis"), "{said}");

    // The validators may agree on a call that its caller never signed.
    let mut blocks = played().0.blocks.clone();
    let call = &mut blocks[height as usize - 1].1[1];
    *call = call.call().clone().with_signature([1; 64]).expect("a call");
    let forged = Ledger::again(&blocks, &HONEST);
    let said = audited("forge", &[forged.exported()]).expect_err("forged");
    let expected = format!("different: block {height}: no node may accept it: call 1: the signature does not match");
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn files_that_are_not_the_whole_ledger_are_refused() {
    let (ledger, _) = played();
    let (last, whole) = (ledger.certified(), ledger.exported());
    let refused = |files: &[Vec<u8>], why: &str| {
        let said = audited("forge", files).expect_err(why);
        assert!(said.contains(why), "{said}\ninstead of: {why}");
    };
    refused(
        &[ledger.export(5, last)],
        "file 0 begins with block 5, and an audit runs every block from the first one on",
    );
    refused(&[ledger.export(5, last)], "stint export --from 1");
    for end in [0, 5, 30, 40, whole.len() / 2, whole.len() - 1] {
        refused(
            &[whole[..end].to_vec()],
            if end < 15 { "this is no exported file" } else { "file 0: the file ends within" },
        );
    }
    let cut = whole[..whole.len() - 1].to_vec();
    refused(&[cut], &format!("within block {last}; its head says that it goes up to block {last}"));
    refused(
        &[whole.clone(), ledger.export(5, last)],
        &format!("file 1 begins with block 5, and file 0 before it ends with block {last}"),
    );
    refused(
        &[ledger.export(1, 4), ledger.export(6, last)],
        "file 1 begins with block 6, and file 0 before it ends with block 4",
    );
    refused(&[[&whole[..], b"more"].concat()], "something follows block");
    let said = audited("nowhere", &[ledger.export(1, 2)]).expect_err("no such commons");
    assert!(said.contains("there is no commons \"nowhere\""), "{said}");
    let (mut other, _) = genesis();
    other.name = "other".into();
    let other = Genesis::parse(&other.to_file().expect("a genesis")).expect("a genesis");
    let said = audited_as(other, "forge", &[whole]).expect_err("another ledger");
    assert!(said.contains("the proof of block 1: the proof is about another ledger"), "{said}");
}

#[test]
fn no_bytes_make_an_audit_panic_or_pass() {
    let small = played().0.export(1, 2);
    assert!(audited("forge", std::slice::from_ref(&small)).is_ok());
    for at in (0..small.len()).step_by(11) {
        let mut changed = small.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(audited("forge", &[changed]).is_err(), "byte {at}");
    }
    let endless = [&b"stint export 2\n"[..], &1u64.to_be_bytes(), &u64::MAX.to_be_bytes(), &[0xff; 64]].concat();
    assert!(audited("forge", &[endless]).expect_err("no proof").contains("the limit is"));
}
