//! A rule that opens debts, settles and closes a stream by itself: the three streams of a DisCO, as in the sample
//! `disco-three-streams.json`, over two incomes.

mod common;

use common::{Forge, paid, params};
use streams::Streams;

fn disco() -> Forge {
    let mut forge = Forge::new(params(&[]));
    forge.rule = forge.world.publish_rule::<Streams>();
    forge.set_rule(params(&[("livelihood", "7500"), ("strength", "1/2")]), "2026-01-01T00:00:01Z").unwrap();
    forge.until("2026-02-01");
    for (agent, livelihood, love, care) in
        [("eva", "1800", "1200", "6"), ("fay", "900", "3000", "18"), ("gus", "300", "1800", "12")]
    {
        for (stream, quantity) in [("livelihood", livelihood), ("love", love)] {
            forge.did(&format!("{agent}-{stream}"), agent, stream, &format!("{quantity} credits"), &[]);
        }
        forge.did(&format!("{agent}-care"), agent, "care", &format!("{care} h"), &[]);
    }
    forge
}

#[test]
fn three_streams_to_the_cent_and_love_stays_owed() {
    let mut forge = disco();
    assert_eq!(forge.income("i1", 400_000, 0), paid(&[("eva", 150_000), ("fay", 190_000), ("gus", 60_000)]));
    let eva = forge.explain("i1", "eva");
    assert_eq!((eva.amount, eva.adjustment.as_ref().unwrap().amount), (150_000, -50_000));
    // Paid love credits move from invested to divested: what is left is owed.
    assert_eq!([forge.open("eva"), forge.open("fay"), forge.open("gus")], [100_000, 250_000, 150_000]);
    assert_eq!(forge.claims("fay")[0].paid, 50_000);
    // Livelihood and care of that round had their part; love goes on to be paid.
    assert_eq!(forge.income("i2", 100_000, 0), paid(&[("eva", 5_000), ("fay", 12_500), ("gus", 7_500)]));
    assert_eq!(forge.totals("i2").undistributed, 75_000);
    assert!(forge.recompute("i1").equal && forge.recompute("i2").equal);
}
