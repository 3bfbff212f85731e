use ed25519_dalek::{Signer, SigningKey};
use stint_proto::Hash;
use stint_verifier::{DoubleSign, Kind, Vote};

/// Two votes of a key in a round of epoch 0, signed as the engine signs them; blocks are told apart by a number.
pub fn signed_twice(chain_id: Hash, key: &SigningKey, view: u64, votes: [(Kind, u8); 2]) -> DoubleSign {
    let vote = |(kind, block)| match kind {
        Kind::Nullify => Vote { kind, parent_view: 0, hash: Hash::ZERO, signature: [0; 64] },
        _ => Vote { kind, parent_view: view - 1, hash: Hash([block; 32]), signature: [0; 64] },
    };
    let mut found = DoubleSign::new(chain_id, 0, view, key.verifying_key().to_bytes(), votes.map(vote));
    let signatures = found.votes.each_ref().map(|vote| key.sign(&found.signed(vote)).to_bytes());
    found.votes.iter_mut().zip(signatures).for_each(|(vote, signature)| vote.signature = signature);
    found
}
