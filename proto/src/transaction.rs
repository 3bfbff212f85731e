use crate::{
    Code, Hash, Refusal, hash, hash_parts,
    limits::{COMMONS_BYTES, KERNEL_REQUEST_BYTES, METHOD_BYTES, REQUEST_BYTES},
    v1,
};
use bytes::Bytes;
use ed25519_dalek::{Signer, SigningKey};
use std::fmt;
use stint_verifier::Reader;

const VERSION: u8 = 1;
const SIGN_DOMAIN: &[u8] = b"stint.v1.transaction\0";
const HASH_DOMAIN: &str = "stint.v1.transaction-hash";
const KERNEL_PREFIX: &str = "/stint.v1.Kernel/";

/// Names a call: the caller's key and the id that the caller chose. Programs that share a key
/// never collide as long as each draws its ids at random or from distinct content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId {
    /// The caller's ed25519 public key.
    pub key: [u8; 32],
    /// 128 bits chosen by the caller.
    pub id: [u8; 16],
}

impl CallId {
    /// Reads the two parts of a call's name.
    pub fn from_bytes(key: &[u8], id: &[u8]) -> Result<CallId, Refusal> {
        let wrong = |_| {
            let message = "a call is named by its key, 32 bytes, and its id, 16 bytes";
            Refusal::new(Code::InvalidArgument, "call-id", message)
        };
        Ok(CallId { key: key.try_into().map_err(wrong)?, id: id.try_into().map_err(wrong)? })
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", hex::encode(&self.key[..4]), hex::encode(self.id))
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a caller signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The ledger that is meant.
    pub chain_id: Hash,
    /// The commons that is called.
    pub commons: String,
    /// `/package.Service/Method`.
    pub method: String,
    /// The request message, encoded.
    pub request: Bytes,
    /// Caller and id.
    pub call_id: CallId,
    /// Last height at which the call may be executed.
    pub valid_until: u64,
    /// Most fuel to burn; 0 asks for the ledger's limit.
    pub fuel_limit: u64,
}

/// A signed call in its canonical bytes. Whoever holds one knows that its fields keep their
/// bounds; whether the signature is right is asked of [`crate::signature`].
#[derive(Clone, PartialEq, Eq)]
pub struct Transaction {
    call: Call,
    signature: [u8; 64],
    bytes: Bytes,
    hash: Hash,
}

/// The bytes or fields are no transaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The canonical bytes end early, go on too long, or are of another version.
    #[error("these bytes are not a transaction of layout {VERSION}: {0}")]
    Malformed(&'static str),
    /// A field has the wrong number of bytes.
    #[error("{field} has {got} bytes; it takes exactly {want}")]
    Size {
        /// The field's name.
        field: &'static str,
        /// Bytes given.
        got: usize,
        /// Bytes that would be accepted.
        want: usize,
    },
    /// A field is larger than its bound.
    #[error("{field} has {got} bytes; the limit is {limit}")]
    TooLarge {
        /// The field's name.
        field: &'static str,
        /// Bytes given.
        got: usize,
        /// The bound.
        limit: usize,
    },
}

impl Call {
    /// True when the method belongs to the ledger's kernel.
    pub fn is_kernel(&self) -> bool {
        self.method.starts_with(KERNEL_PREFIX)
    }

    /// The most bytes that the request of `method` may have.
    pub fn request_limit(method: &str) -> usize {
        if method.starts_with(KERNEL_PREFIX) { KERNEL_REQUEST_BYTES } else { REQUEST_BYTES }
    }

    /// The 32 bytes to sign.
    pub fn signing_digest(&self) -> Result<Hash, TransactionError> {
        Ok(signing_digest(&self.layout()?))
    }

    /// Signs the call.
    pub fn sign(self, key: &SigningKey) -> Result<Transaction, TransactionError> {
        let digest = self.signing_digest()?;
        self.with_signature(key.sign(&digest.0).to_bytes())
    }

    /// Joins the call with a signature made elsewhere.
    pub fn with_signature(self, signature: [u8; 64]) -> Result<Transaction, TransactionError> {
        let mut bytes = self.layout()?;
        bytes.extend_from_slice(&signature);
        let bytes = Bytes::from(bytes);
        let hash = hash(HASH_DOMAIN, &bytes);
        Ok(Transaction { call: self, signature, bytes, hash })
    }

    /// Everything before the signature.
    fn layout(&self) -> Result<Vec<u8>, TransactionError> {
        let bound = |field, got, limit| match got <= limit {
            true => Ok(()),
            false => Err(TransactionError::TooLarge { field, got, limit }),
        };
        bound("commons", self.commons.len(), COMMONS_BYTES)?;
        bound("method", self.method.len(), METHOD_BYTES)?;
        bound("request", self.request.len(), Call::request_limit(&self.method))?;
        let mut out = Vec::with_capacity(200 + self.commons.len() + self.method.len() + self.request.len());
        out.push(VERSION);
        out.extend_from_slice(&self.chain_id.0);
        out.extend_from_slice(&self.call_id.key);
        out.extend_from_slice(&self.call_id.id);
        out.extend_from_slice(&self.valid_until.to_be_bytes());
        out.extend_from_slice(&self.fuel_limit.to_be_bytes());
        out.push(self.commons.len() as u8);
        out.extend_from_slice(self.commons.as_bytes());
        out.extend_from_slice(&(self.method.len() as u16).to_be_bytes());
        out.extend_from_slice(self.method.as_bytes());
        out.extend_from_slice(&(self.request.len() as u32).to_be_bytes());
        out.extend_from_slice(&self.request);
        Ok(out)
    }
}

fn signing_digest(layout: &[u8]) -> Hash {
    hash_parts(&[SIGN_DOMAIN, layout])
}

impl Transaction {
    /// Reads the canonical bytes; what [`Transaction::bytes`] would not give back is refused.
    pub fn decode(bytes: Bytes) -> Result<Transaction, TransactionError> {
        use TransactionError::Malformed;
        let mut r = Reader(&bytes);
        let cut = Malformed("they end early");
        if r.u8().ok_or(cut.clone())? != VERSION {
            return Err(Malformed("the first byte names another layout"));
        }
        let fields = (|| {
            let chain_id = Hash(r.array()?);
            let call_id = CallId { key: r.array()?, id: r.array()? };
            let (valid_until, fuel_limit) = (r.u64()?, r.u64()?);
            let commons = r.u8().and_then(|n| r.take(n.into()))?;
            let method = r.u16().and_then(|n| r.take(n.into()))?;
            let request = r.u32().and_then(|n| r.take(n as usize))?;
            let signature = r.array::<64>()?;
            Some((chain_id, call_id, valid_until, fuel_limit, commons, method, request, signature))
        })();
        let (chain_id, call_id, valid_until, fuel_limit, commons, method, request, signature) = fields.ok_or(cut)?;
        if !r.0.is_empty() {
            return Err(Malformed("they go on after the signature"));
        }
        let text = |b: &[u8]| String::from_utf8(b.to_vec()).map_err(|_| Malformed("a name is not UTF-8"));
        let call = Call {
            chain_id,
            commons: text(commons)?,
            method: text(method)?,
            request: bytes.slice_ref(request),
            call_id,
            valid_until,
            fuel_limit,
        };
        let tx = call.with_signature(signature)?;
        debug_assert_eq!(tx.bytes, bytes);
        Ok(tx)
    }

    /// The call that was signed.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Caller and id.
    pub fn id(&self) -> CallId {
        self.call.call_id
    }

    /// The signature over [`Transaction::digest`].
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The canonical bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// SHA-256 of the canonical bytes: what the signed call is named by.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The 32 bytes that the signature covers.
    pub fn digest(&self) -> Hash {
        signing_digest(&self.bytes[..self.bytes.len() - 64])
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transaction({} {} {})", self.call.call_id, self.call.commons, self.call.method)
    }
}

fn exactly<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], TransactionError> {
    bytes.try_into().map_err(|_| TransactionError::Size { field, got: bytes.len(), want: N })
}

impl TryFrom<v1::Transaction> for Transaction {
    type Error = TransactionError;
    fn try_from(t: v1::Transaction) -> Result<Self, TransactionError> {
        let call = Call {
            chain_id: Hash(exactly("chain_id", &t.chain_id)?),
            commons: t.commons,
            method: t.method,
            request: t.request,
            call_id: CallId { key: exactly("key", &t.key)?, id: exactly("id", &t.id)? },
            valid_until: t.valid_until,
            fuel_limit: t.fuel_limit,
        };
        call.with_signature(exactly("signature", &t.signature)?)
    }
}

impl From<&Transaction> for v1::Transaction {
    fn from(t: &Transaction) -> Self {
        let copy = |b: &[u8]| Bytes::copy_from_slice(b);
        v1::Transaction {
            chain_id: copy(&t.call.chain_id.0),
            commons: t.call.commons.clone(),
            method: t.call.method.clone(),
            request: t.call.request.clone(),
            key: copy(&t.call.call_id.key),
            id: copy(&t.call.call_id.id),
            valid_until: t.call.valid_until,
            fuel_limit: t.call.fuel_limit,
            signature: copy(&t.signature),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature;
    use proptest::prelude::*;

    fn call(commons: &str, method: &str, request: Vec<u8>) -> Call {
        let key = SigningKey::from_bytes(&[7; 32]);
        Call {
            chain_id: Hash([1; 32]),
            commons: commons.into(),
            method: method.into(),
            request: request.into(),
            call_id: CallId { key: key.verifying_key().to_bytes(), id: [9; 16] },
            valid_until: 100,
            fuel_limit: 0,
        }
    }

    /// A change of the layout breaks every signature ever made: this value may only change
    /// together with the layout's version.
    #[test]
    fn the_signed_digest_of_a_known_call() {
        let digest = call("forge", "/a.B/C", b"request".to_vec()).signing_digest().unwrap();
        let mut layout = vec![1];
        layout.extend([1; 32]);
        layout.extend(SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes());
        layout.extend([9; 16]);
        layout.extend([0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0]);
        layout.extend(b"\x05forge\x00\x06/a.B/C\x00\x00\x00\x07request");
        assert_eq!(digest, hash("stint.v1.transaction", &layout));
    }

    #[test]
    fn oversized_fields_are_refused_by_name() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let too_large = |c: Call| c.sign(&key).unwrap_err().to_string();
        assert!(too_large(call(&"a".repeat(64), "/a.B/C", vec![])).starts_with("commons has 64"));
        assert!(too_large(call("a", &"m".repeat(257), vec![])).starts_with("method has 257"));
        let request = vec![0; REQUEST_BYTES + 1];
        assert!(too_large(call("a", "/a.B/C", request.clone())).starts_with("request has 131073"));
        assert!(call("a", "/stint.v1.Kernel/Publish", request).sign(&key).is_ok());
    }

    proptest! {
        #[test]
        fn canonical_bytes_read_back(commons in "[a-z]{0,63}", method in "\\PC{0,60}", request in any::<Vec<u8>>(),
                                     valid_until: u64, fuel_limit: u64) {
            let key = SigningKey::from_bytes(&[7; 32]);
            let tx = Call { valid_until, fuel_limit, ..call(&commons, &method, request) }.sign(&key).unwrap();
            prop_assert_eq!(&Transaction::decode(tx.bytes().clone()).unwrap(), &tx);
            prop_assert_eq!(&Transaction::try_from(v1::Transaction::from(&tx)).unwrap(), &tx);
            prop_assert!(signature::verify(&tx).is_ok());
        }

        #[test]
        fn any_change_of_a_byte_is_noticed(at in 0usize..250, bit in 0u8..8) {
            let key = SigningKey::from_bytes(&[7; 32]);
            let tx = call("forge", "/a.B/C", vec![3; 60]).sign(&key).unwrap();
            let mut bytes = tx.bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Ok(other) = Transaction::decode(bytes.clone().into()) {
                prop_assert_eq!(&other.bytes()[..], &bytes[..]);
                prop_assert!(signature::verify(&other).is_err());
            }
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in any::<Vec<u8>>()) {
            let _ = Transaction::decode(bytes.into());
        }
    }
}
