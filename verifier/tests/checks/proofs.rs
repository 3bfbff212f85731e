//! What is proved holds, and nothing else is proved.

use crate::model::{
    Map, SEEDS, committee, header, inflated, key, place, proofs, sign, state_proof, states, trust, twisted,
};
use ed25519_dalek::Signer;
use proptest::prelude::*;
use stint_verifier::{
    Body, Certificate, Fact, Hash, Header, Invalid, Proof, Receipt, Trust, signed,
    tree::{KeyRange, NotShown, Shown},
    verify,
};

/// Keys that share beginnings and begin one another, as those of contracts do.
fn keys() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![&b"c/forge/"[..], b"c/f", b"k/", b"", &[0, 255]]);
    (part, prop::collection::vec(prop_oneof![0u8..4, 250u8..=255], 0..6)).prop_map(|(a, b)| [a, &b[..]].concat())
}

fn maps(most: usize) -> impl Strategy<Value = Map> {
    prop::collection::btree_map(keys(), prop::collection::vec(any::<u8>(), 0..40), 0..most)
}

fn ranges() -> impl Strategy<Value = Vec<KeyRange>> {
    let one = (keys(), keys(), any::<bool>()).prop_map(|(a, b, single)| match single {
        true => a.clone()..[&a[..], &[0]].concat(),
        false => a.clone().min(b.clone())..a.max(b),
    });
    prop::collection::vec(one, 0..4)
}

fn shown(proof: &[u8]) -> Result<Shown, Invalid> {
    match verify(&trust(&SEEDS), proof)?.fact {
        Fact::State(shown, _) => Ok(shown),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    /// Present, absent, and complete: what a proof shows of a state is what the map holds.
    #[test]
    fn a_part_of_the_state_is_shown_as_it_is(map in maps(60), ranges in ranges(), other in keys()) {
        let shown = shown(&state_proof(&map, &ranges).encode()).expect("a proof");
        let hidden: Vec<_> = shown.hidden_parts().collect();
        for KeyRange { start: from, end: to } in &ranges {
            let held: Vec<_> = map.range(from.clone()..to.clone()).map(|(k, v)| (&k[..], &v[..])).collect();
            let seen: Result<Vec<_>, NotShown> = shown.range(from, to).collect();
            prop_assert_eq!(seen, Ok(held));
            if from < to {
                prop_assert_eq!(shown.get(from), Ok(map.get(from).map(|v| &v[..])));
                // What a reader of the JSON sees by the hidden parts.
                let reaches = |(first, end): &(Vec<u8>, Option<Vec<u8>>)| {
                    first < to && end.as_ref().is_none_or(|end| from < end)
                };
                prop_assert!(!hidden.iter().any(reaches));
            }
        }
        // What was not asked is told rightly or not at all.
        if let Ok(seen) = shown.get(&other) {
            prop_assert_eq!(seen, map.get(&other).map(|v| &v[..]));
        }
        for (key, _) in shown.leaves() {
            prop_assert!(map.contains_key(key));
        }
        let is_shown = |key: &Vec<u8>| shown.leaves().any(|(shown, _)| shown == key);
        let is_hidden = |key: &Vec<u8>| hidden.iter().any(|(a, b)| a <= key && b.as_ref().is_none_or(|b| key < b));
        for key in map.keys() {
            prop_assert!(is_shown(key) != is_hidden(key), "each key stands in one of them");
        }
        prop_assert_eq!(shown.get(&other).is_ok() || is_shown(&other), !is_hidden(&other));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_proof_survives_the_change_of_a_bit(map in maps(30), ranges in ranges(), at: prop::sample::Index, bit in 0u8..8) {
        let proof = state_proof(&map, &ranges).encode();
        let mut changed = proof.clone();
        let at = at.index(proof.len());
        changed[at] ^= 1 << bit;
        prop_assert!(verify(&trust(&SEEDS), &changed).is_err());
        prop_assert!(verify(&trust(&SEEDS), &proof[..at]).is_err());
        prop_assert!(verify(&trust(&SEEDS), &[&proof[..], &[0]].concat()).is_err());
    }

    #[test]
    fn any_bytes_are_refused_or_lead_to_the_root_they_say(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verify(&trust(&SEEDS), &bytes).is_err());
        let mut r = stint_verifier::Reader(&bytes);
        let _ = Shown::read(&mut r);
    }
}

#[test]
fn every_kind_of_fact_is_proved_across_changes_of_the_committee() {
    for proof in proofs() {
        let proven = verify(&trust(&SEEDS), &proof.encode()).expect("a proof");
        assert_eq!((proven.header.height, proven.trust.epoch), (9, 2));
        match (proven.fact, &proof.body) {
            (Fact::Block(seen), Body::Block(meant)) => assert_eq!(seen, *meant),
            (Fact::State(seen, _), Body::State(..)) => {
                assert_eq!(seen.get(b"a"), Ok(Some(&b"1"[..])));
                assert_eq!(seen.get(b"b"), Err(NotShown));
                assert_eq!(seen.get(b"aa"), Ok(None));
            }
            (Fact::Receipt(seen), Body::Receipt(meant)) => assert_eq!(seen, *meant),
            (Fact::Receipts(_, seen), Body::Receipts(_, meant)) => assert_eq!(seen, *meant),
            (Fact::Event(seen, event), Body::Event(meant, shown)) => {
                assert_eq!((seen, event), (meant.clone(), shown.clone()));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Every bit of a proof of each kind, and of one that leads across changes of the committee.
#[test]
fn no_bit_of_any_proof_can_change() {
    let every_bit = |proof: &Proof, trust: &Trust| {
        let mut proof = proof.encode();
        assert!(verify(trust, &proof).is_ok());
        for at in 0..8 * proof.len() {
            proof[at / 8] ^= 1 << (at % 8);
            assert!(verify(trust, &proof).is_err(), "bit {at} of {} bytes", proof.len());
            proof[at / 8] ^= 1 << (at % 8);
        }
    };
    every_bit(&proofs()[0], &trust(&SEEDS));
    // What leads to the header is the same in all of them: here as little as possible, which takes less time.
    for mut proof in proofs().into_iter().chain(states().into_iter().map(|(_, proof)| proof)) {
        proof.handovers.clear();
        proof.signed.headers.truncate(1);
        proof.signed.headers[0].epoch = 0;
        proof.signed = sign(proof.signed.headers, &committee(&SEEDS[..1]), &SEEDS[..1]);
        every_bit(&proof, &trust(&SEEDS[..1]));
    }
}

/// One validator that added torsion to its signatures once made certificates which the consensus engine accepted and
/// everybody else refused: blocks had no proofs, and honest peers were taken for liars.
#[test]
fn votes_count_as_the_consensus_engine_counts_them() {
    let (header, committee) = (header(9), committee(&SEEDS));
    let message = signed(&header, header.view, header.parent_view);
    let holds = |votes: Vec<(u8, [u8; 64])>| Certificate::new(&header, 4, votes).certifies(&header, &committee);
    let honest = sign(vec![header.clone()], &committee, &SEEDS[..3]).certificate.votes;
    assert!(holds(honest.clone()));
    let with = |change: &dyn Fn(u8, [u8; 64]) -> [u8; 64]| {
        let seed = |at: u8| SEEDS.into_iter().find(|s| place(&committee, *s) == at).expect("a validator");
        holds(honest.iter().map(|(at, vote)| (*at, change(seed(*at), *vote))).collect())
    };
    assert!(with(&|seed, _| twisted(seed, &message)));
    assert!(!with(&|seed, _| twisted(seed, b"another message")));
    // What others than the signer can change does not count.
    assert!(!with(&|_, vote| inflated(vote)));
    assert!(!with(&|seed, _| inflated(twisted(seed, &message))));
    // A vote counts once, in its place.
    assert!(!holds(vec![honest[0], honest[0], honest[1]]));
    assert!(!holds(vec![honest[1], honest[0], honest[2]]));
    assert!(!holds(honest[..2].to_vec()));
}

#[test]
fn forged_proofs_are_told_apart() {
    let of = |change: &dyn Fn(&mut Proof)| {
        let mut proof = proofs().remove(2);
        change(&mut proof);
        verify(&trust(&SEEDS), &proof.encode()).map(|_| ())
    };
    let resigned = |by: &'static [u8]| {
        move |proof: &mut Proof| {
            proof.signed = sign(proof.signed.headers.clone(), &committee(&[2, 3, 4, 5, 6, 7, 8]), by);
        }
    };
    assert_eq!(of(&|_| ()), Ok(()));
    assert_eq!(of(&resigned(&[2, 3, 4, 5, 6])), Ok(()));
    assert_eq!(of(&resigned(&[2, 3, 4, 5])), Err(Invalid::Signatures), "four of seven are too few");
    assert_eq!(of(&|p| p.signed.certificate.votes[0].1 = [0; 64]), Err(Invalid::Signatures));
    assert_eq!(of(&|p| p.handovers.truncate(1)), Err(Invalid::Signatures), "of another committee");
    assert_eq!(of(&|p| p.signed.certificate.view += 1), Err(Invalid::Signatures));
    assert_eq!(of(&|p| p.signed.headers[1].parent = Hash::ZERO), Err(Invalid::BrokenChain));
    // A height behind which there is none once overflowed.
    let last = |p: &mut Proof| {
        p.signed.headers[0].height = u64::MAX;
        p.signed.headers[1].parent = p.signed.headers[0].hash();
    };
    assert_eq!(of(&last), Err(Invalid::BrokenChain));
    assert_eq!(of(&|p| p.signed.headers[0].chain_id = Hash::ZERO), Err(Invalid::OtherLedger));
    assert_eq!(of(&|p| p.signed.headers[0].epoch = 1), Err(Invalid::OtherEpoch));
    assert_eq!(of(&|p| p.handovers[0].next = committee(&[9, 2, 3, 4])), Err(Invalid::OtherCommittee));
    assert_eq!(of(&|p| p.signed.headers.clear()), Err(Invalid::Malformed));
    let receipt = |change: fn(&mut Receipt)| {
        of(&|p| match &mut p.body {
            Body::Receipt(r) => change(r),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(receipt(|r| r.receipt[0] ^= 1), Err(Invalid::OtherFact));
    assert_eq!(receipt(|r| r.index = 2), Err(Invalid::OtherFact));
    assert_eq!(receipt(|r| r.led.height = 8), Err(Invalid::OtherFact));
    assert_eq!(receipt(|r| r.led.outcomes[0].receipts = 6), Err(Invalid::OtherFact));
    assert_eq!(receipt(|r| r.led.outcomes.clear()), Err(Invalid::OtherFact));
    assert_eq!(receipt(|r| r.events = 2), Err(Invalid::OtherFact));

    // Signatures from before the epoch that is trusted, and of people who never were validators.
    let signed = sign(vec![header(9)], &committee(&SEEDS), &SEEDS);
    let proof = Proof { handovers: vec![], signed, body: Body::Block(vec![]) };
    let later = Trust { epoch: 1, ..trust(&SEEDS) };
    assert_eq!(verify(&later, &proof.encode()).map(|_| ()), Err(Invalid::OtherEpoch));
    let strangers = sign(vec![header(9)], &committee(&[11, 12, 13, 14]), &[11, 12, 13, 14]);
    let proof = Proof { handovers: vec![], signed: strangers, body: Body::Block(vec![]) };
    assert_eq!(verify(&trust(&SEEDS), &proof.encode()).map(|_| ()), Err(Invalid::Signatures));
}

/// Epochs end every quarter of an hour and validators stay for years: a proof of each end would soon be longer than what
/// it proves.
#[test]
fn the_same_validators_are_believed_from_epoch_to_epoch_until_they_name_others() {
    let mut first = header(9);
    first.epoch = 5;
    let mut second = header(10);
    (second.epoch, second.parent) = (6, first.hash());
    let holds = |headers: Vec<Header>| {
        let signed = sign(headers, &committee(&SEEDS), &SEEDS[..3]);
        let proof = Proof { handovers: vec![], signed, body: Body::Block(vec![]) };
        verify(&trust(&SEEDS), &proof.encode()).map(|proven| proven.trust.epoch)
    };
    assert_eq!(holds(vec![first.clone(), second.clone()]), Ok(5));
    first.next_committee = committee(&[2, 3, 4, 5]).hash();
    second.parent = first.hash();
    assert_eq!(holds(vec![first.clone()]), Ok(5), "the last header of theirs");
    assert_eq!(holds(vec![first, second]), Err(Invalid::OtherEpoch), "a block of others");
}

/// The last block of an epoch is proposed again until it is final, and the votes are of the later round.
#[test]
fn votes_of_a_later_round_make_a_header_final() {
    let (header, committee) = (header(9), committee(&SEEDS));
    let message = signed(&header, header.view + 3, header.view);
    let votes = SEEDS[..3].iter().map(|s| (place(&committee, *s), key(*s).sign(&message).to_bytes()));
    let mut votes: Vec<_> = votes.collect();
    votes.sort_by_key(|v| v.0);
    let own = Certificate::new(&header, 4, votes);
    let later = Certificate { view: header.view + 3, parent_view: header.view, ..own.clone() };
    assert!(later.certifies(&header, &committee));
    assert!(!own.certifies(&header, &committee));
    assert_eq!(Certificate::read(&mut stint_verifier::Reader(&later.encode())), Some(later));
}

/// Whoever was told of new validators earlier reads proofs that tell of them again.
#[test]
fn what_led_to_trusted_validators_need_not_be_checked_again() {
    for proof in proofs() {
        let proven = verify(&trust(&SEEDS), &proof.encode()).expect("a proof");
        assert_eq!(proven.handovers, proof.handovers);
        let again = verify(&proven.trust, &proof.encode()).expect("a proof");
        assert_eq!(again.fact, proven.fact);
        assert_eq!(again.handovers, [], "what was not checked is not handed on");
    }
}

#[test]
fn committees_are_sorted_and_count_their_quorum() {
    let quorums: Vec<_> = (1..=10u8).map(|n| committee(&(1..=n).collect::<Vec<_>>()).quorum()).collect();
    assert_eq!(quorums, [1, 2, 3, 3, 4, 5, 5, 6, 7, 7]);
    let keys = |seeds: &[u8]| seeds.iter().map(|s| key(*s).verifying_key().to_bytes()).collect::<Vec<_>>();
    assert_eq!(stint_verifier::Committee::new(keys(&[1, 1])), None);
    assert_eq!(stint_verifier::Committee::new(vec![]), None);
    assert_eq!(committee(&[1, 2, 3]), committee(&[3, 1, 2]));
    let Trust { committee, .. } = trust(&SEEDS);
    assert!(committee.keys().is_sorted());
}
