//! It says of itself what cannot be, and tells of calls that it signs with keys of nobody, or that their senders did not
//! sign.

use super::{Dice, GOSSIP, Pen, Tell, Word};
use bytes::Bytes;
use commonware_runtime::IoBuf;
use ed25519_dalek::SigningKey;
use stint_proto::{Call, CallId, Hash};

/// Calls that it tells of whenever it says anything.
const CALLS: usize = 8;
/// Heights and rounds that it claims.
const CLAIMS: [u64; 5] = [0, 1, 1 << 40, u64::MAX - 1, u64::MAX];

pub(super) struct Gossip;

impl Tell for Gossip {
    fn tell(&mut self, word: Word, pen: &Pen, dice: &mut Dice) -> Vec<Word> {
        if word.channel != GOSSIP {
            return vec![word];
        }
        let [standing, calls] = [standing(dice), calls(pen.chain_id, dice)]
            .map(|bytes| Word { message: IoBuf::from(Bytes::from(bytes)), ..word.clone() });
        vec![standing, calls, Word { message: unsigned(&word.message), ..word.clone() }, word]
    }
}

/// The same calls with another signature on the last of them; it stands at the end.
fn unsigned(message: &IoBuf) -> IoBuf {
    let mut bytes = message.as_ref().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    IoBuf::from(Bytes::from(bytes))
}

/// As a validator tells of itself: a mark, version 1, its height, what that led to, its epoch and round, and what it
/// waits for since when.
fn standing(dice: &mut Dice) -> Vec<u8> {
    let mut out = vec![0xff, 0xff, 0xff, 0xff, 1];
    out.extend(dice.pick(&CLAIMS).to_be_bytes());
    out.extend([7; 32]);
    out.extend(dice.pick(&CLAIMS).to_be_bytes());
    out.extend(dice.pick(&CLAIMS).to_be_bytes());
    out.push(dice.below(4) as u8);
    out.extend(dice.pick(&CLAIMS).to_be_bytes());
    out
}

fn calls(chain_id: Hash, dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..CALLS {
        let seed: [u64; 4] = std::array::from_fn(|_| dice.next());
        let key = SigningKey::from_bytes(&std::array::from_fn(|i| seed[i / 8].to_be_bytes()[i % 8]));
        let call = Call {
            chain_id,
            commons: "consortium".into(),
            method: "/stint.v1.Kernel/Ready".into(),
            request: Bytes::new(),
            call_id: CallId { key: key.verifying_key().to_bytes(), id: [1; 16] },
            valid_until: 10_000,
            fuel_limit: 0,
        };
        if let Ok(tx) = call.sign(&key) {
            out.extend((tx.bytes().len() as u32).to_be_bytes());
            out.extend_from_slice(tx.bytes());
        }
    }
    out
}
