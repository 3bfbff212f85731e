//! It tells of certificates whose parts do not belong together: votes of one kind, round or block under another one.

use super::{CERTIFICATES, Dice, Pen, Tell, Word, on_channel};
use commonware_codec::{Encode, Read};
use commonware_consensus::{
    simplex::{
        scheme::ed25519::Scheme,
        types::{Certificate, Finalization, Proposal},
    },
    types::{Round, View},
};
use commonware_cryptography::{Hasher, Sha256, certificate::Verifier as _, sha256::Digest};
use commonware_p2p::utils::mux;
use commonware_runtime::IoBuf;

pub(super) struct Certificates;

impl Tell for Certificates {
    fn tell(&mut self, word: Word, _: &Pen, dice: &mut Dice) -> Vec<Word> {
        let read = if word.channel == CERTIFICATES { read(&word.message) } else { None };
        let Some((epoch, certificate)) = read else { return vec![word] };
        let false_one = on_channel(epoch, &mixed(certificate, dice).encode());
        vec![Word { message: false_one, ..word.clone() }, word]
    }
}

fn read(message: &IoBuf) -> Option<(u64, Certificate<Scheme, Digest>)> {
    let (epoch, mut bytes) = mux::parse(message.clone()).ok()?;
    Some((epoch, Certificate::read_cfg(&mut bytes, &Scheme::certificate_codec_config_unbounded()).ok()?))
}

fn mixed(certificate: Certificate<Scheme, Digest>, dice: &mut Dice) -> Certificate<Scheme, Digest> {
    match certificate {
        // What would make a block final that is not.
        Certificate::Notarization(of) if dice.chance(500) => {
            Certificate::Finalization(Finalization { proposal: of.proposal, certificate: of.certificate })
        }
        Certificate::Notarization(mut of) => {
            of.proposal.round = next(of.proposal.round);
            Certificate::Notarization(of)
        }
        Certificate::Nullification(mut of) => {
            of.round = next(of.round);
            Certificate::Nullification(of)
        }
        Certificate::Finalization(mut of) => {
            of.proposal = Proposal { payload: Sha256::hash(&[b"another block"]), ..of.proposal };
            Certificate::Finalization(of)
        }
    }
}

fn next(round: Round) -> Round {
    Round::new(round.epoch(), View::new(round.view().get() + 1))
}
