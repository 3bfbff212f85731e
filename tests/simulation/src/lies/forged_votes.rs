//! It votes in the names of others, and under its own with signatures that are none.

use super::{Dice, EngineVote, Pen, Tell, Word, vote_message};
use commonware_consensus::simplex::types::Vote;
use commonware_utils::Participant;

pub(super) struct ForgedVotes;

impl Tell for ForgedVotes {
    fn tell(&mut self, word: Word, pen: &Pen, dice: &mut Dice) -> Vec<Word> {
        let Some((epoch, vote)) = word.vote() else { return vec![word] };
        let forged = match dice.chance(500) {
            true => in_the_name_of(vote, dice.below(4) as u32),
            false => signed_wrongly(&vote, pen),
        };
        vec![Word { message: vote_message(epoch, &forged), ..word }]
    }
}

fn in_the_name_of(mut vote: EngineVote, signer: u32) -> EngineVote {
    let attestation = match &mut vote {
        Vote::Notarize(v) => &mut v.attestation,
        Vote::Nullify(v) => &mut v.attestation,
        Vote::Finalize(v) => &mut v.attestation,
    };
    attestation.signer = Participant::new(signer);
    vote
}

/// The signature is of another kind of vote.
fn signed_wrongly(vote: &EngineVote, pen: &Pen) -> EngineVote {
    let mut vote = vote.clone();
    match &mut vote {
        Vote::Notarize(v) => v.attestation = pen.attest(v.attestation.signer, "_FINALIZE", b"another"),
        Vote::Nullify(v) => v.attestation = pen.attest(v.attestation.signer, "_NOTARIZE", b"another"),
        Vote::Finalize(v) => v.attestation = pen.attest(v.attestation.signer, "_NULLIFY", b"another"),
    }
    vote
}
