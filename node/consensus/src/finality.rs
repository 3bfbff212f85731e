//! What made a block final, in the engine's form and in ours.

use crate::block::digest;
use commonware_codec::{Copying, DecodeExt, Encode, Error};
use commonware_consensus::{
    simplex::{
        scheme::ed25519::Scheme,
        types::{Finalization, Proposal},
    },
    types::{Epoch, Round, View},
};
use commonware_cryptography::{
    certificate::Signers,
    ed25519::{self, certificate::Certificate as Votes},
    sha256::Digest,
};
use commonware_utils::Participant;
use stint_proto::{Block, Certificate, Header, limits::VALIDATORS};

/// A final block with votes of its own, behind which an engine that lost what it had begins anew.
pub struct Floor {
    /// The block.
    pub block: Block,
    /// The votes over its header.
    pub certificate: Certificate,
}

/// What made a block final, as the engine keeps it, as ours.
pub fn certificate(finalization: &Finalization<Scheme, Digest>) -> Certificate {
    let Finalization { proposal, certificate: votes } = finalization;
    let signatures = votes.signatures.iter().map(|s| s.encode());
    let vote =
        |(place, signature): (usize, bytes::Bytes)| Some((u8::try_from(place).ok()?, signature[..].try_into().ok()?));
    Certificate {
        validators: votes.signers.len().min(VALIDATORS) as u8,
        view: proposal.round.view().get(),
        parent_view: proposal.parent.get(),
        votes: votes.signers.iter().map(usize::from).zip(signatures).filter_map(vote).collect(),
    }
}

/// Ours, as the engine checks it.
pub fn finalization(header: &Header, certificate: &Certificate) -> Result<Finalization<Scheme, Digest>, Error> {
    let validators = u32::from(certificate.validators);
    let places = certificate.votes.iter().map(|(place, _)| Participant::new(u32::from(*place)));
    let signers = Signers::new(validators, places).map_err(|_| Error::Invalid("votes", "they name no validators"))?;
    let signature = |(_, bytes): &(u8, [u8; 64])| ed25519::Signature::decode(Copying(&bytes[..])).map(Into::into);
    let signatures = certificate.votes.iter().map(signature).collect::<Result<_, _>>()?;
    let round = Round::new(Epoch::new(header.epoch), View::new(certificate.view));
    Ok(Finalization {
        proposal: Proposal::new(round, View::new(certificate.parent_view), digest(header.hash())),
        certificate: Votes { signers, signatures },
    })
}
