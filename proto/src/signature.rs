//! Signatures of calls, checked by the rules of ZIP-215.
//!
//! Validators must agree on every signature, crafted ones too. ZIP-215 makes single and batch
//! checks agree by definition; the strict rules of ed25519-dalek do not, so dalek signs, and
//! verifies for outsiders, but never decides in consensus.

use crate::{Code, Refusal, Transaction};
use ed25519_zebra::{Signature, VerificationKey, VerificationKeyBytes, batch};
use rand_core::CryptoRng;

/// Says whether the transaction is signed by its key.
pub fn verify(tx: &Transaction) -> Result<(), Refusal> {
    let key = VerificationKey::try_from(tx.id().key).map_err(|_| bad_key())?;
    key.verify(&Signature::from_bytes(tx.signature()), &tx.digest().0).map_err(|_| wrong())
}

/// Says whether `signature` over `message` is of `key`, by the same rules. A key or signature of
/// another size, or that is no point of the curve, is not.
pub fn signed(key: &[u8], signature: &[u8], message: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (VerificationKey::try_from(key), Signature::try_from(signature)) else {
        return false;
    };
    key.verify(&signature, message).is_ok()
}

/// Says whether all of them are signed by their keys; a batch costs less than half as much as its
/// parts. `rng` blinds the batch and has no influence on the answer but with a chance of 2^-128.
pub fn verify_all<'a>(txs: impl Iterator<Item = &'a Transaction>, rng: &mut impl CryptoRng) -> bool {
    let mut all = batch::Verifier::new();
    for tx in txs {
        all.queue((VerificationKeyBytes::from(tx.id().key), Signature::from_bytes(tx.signature()), &tx.digest().0));
    }
    all.verify(rng).is_ok()
}

/// Keys of small order sign anything, so they are refused at registration.
pub fn acceptable_key(key: &[u8]) -> Result<[u8; 32], Refusal> {
    let refuse = |why: &str| {
        Refusal::new(
            Code::InvalidArgument,
            "key",
            format!("the key is refused: {why}; an ed25519 public key of 32 bytes is accepted"),
        )
    };
    let bytes: [u8; 32] = key.try_into().map_err(|_| refuse(&format!("it has {} bytes", key.len())))?;
    let point =
        ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| refuse("it is not a point of the curve"))?;
    match point.is_weak() {
        true => Err(refuse("its order is small")),
        false => Ok(bytes),
    }
}

fn bad_key() -> Refusal {
    Refusal::new(Code::Unauthenticated, "signature", "the key is not an ed25519 public key")
}

fn wrong() -> Refusal {
    Refusal::new(
        Code::Unauthenticated,
        "signature",
        "the signature does not match: it must be the key's own over the digest of exactly this chain id, commons, \
         method, request, id, valid-until and fuel limit",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_order_and_malformed_keys_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(acceptable_key(&identity).unwrap_err().message.contains("order is small"));
        assert!(acceptable_key(&[0; 31]).unwrap_err().message.contains("31 bytes"));
        assert!(acceptable_key(&[2; 32]).is_err());
        let good = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
        assert_eq!(acceptable_key(&good), Ok(good));
    }
}
