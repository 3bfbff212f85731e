//! Does what it is told through every function of the host. Its twin is `c/conformance.c`; the
//! same calls with the same answers, in `kit.json`, hold for both, and for any other language.
#![deny(unsafe_code)]

#[cfg(test)]
mod tests;

/// Messages and the service, generated from the `.proto`.
#[allow(missing_docs)]
pub mod proto {
    stint_sdk::proto!("stint.conformance.v1");
}

use proto::*;
use stint_sdk::{Code, Refusal, announce, context, ed25519_verify, fuel_left, has_role, raw, sha256};

/// The contract.
pub struct Contract;

impl Conformance for Contract {
    fn put(request: PutRequest) -> Result<Nothing, Refusal> {
        raw::put(&request.key, &request.value);
        Ok(Nothing {})
    }

    fn delete(request: KeyRequest) -> Result<Nothing, Refusal> {
        raw::delete(&request.key);
        Ok(Nothing {})
    }

    fn get(request: KeyRequest) -> Result<GetResponse, Refusal> {
        let value = raw::get(&request.key);
        Ok(GetResponse { found: value.is_some(), value: value.unwrap_or_default() })
    }

    fn scan(request: ScanRequest) -> Result<ScanResponse, Refusal> {
        let found = raw::scan(&request.from, &request.to, request.limit as usize, request.reverse);
        Ok(ScanResponse { entries: found.into_iter().map(|(key, value)| PutRequest { key, value }).collect() })
    }

    fn say(request: Text) -> Result<Nothing, Refusal> {
        announce(&Said { text: request.text });
        Ok(Nothing {})
    }

    fn who(_: Nothing) -> Result<WhoResponse, Refusal> {
        let c = context();
        Ok(WhoResponse {
            commons: c.commons,
            caller: c.caller,
            signer: c.signer,
            via: c.via,
            time_ms: c.time_ms,
            call_id_size: c.call_id.len() as u32,
        })
    }

    fn ask(request: Nothing) -> Result<WhoResponse, Refusal> {
        Contract::who(request)
    }

    fn has_role(request: Text) -> Result<Truth, Refusal> {
        Ok(Truth { truth: has_role(&request.text) })
    }

    fn refuse(request: RefuseRequest) -> Result<Nothing, Refusal> {
        raw::put(b"refused", b"1");
        announce(&Said { text: "about to refuse".into() });
        let code = match request.code {
            5 => Code::NotFound,
            _ => Code::FailedPrecondition,
        };
        Err(Refusal::new(code, &request.rule, request.message).with("asked", request.code))
    }

    fn hash(request: Bytes) -> Result<Bytes, Refusal> {
        Ok(Bytes { bytes: sha256(&request.bytes).to_vec() })
    }

    fn verify(request: VerifyRequest) -> Result<Truth, Refusal> {
        let sizes = || Refusal::invalid("sizes", "a key has 32 bytes and a signature 64");
        let key = request.key.first_chunk().filter(|_| request.key.len() == 32).ok_or_else(sizes)?;
        let signature = request.signature.first_chunk().filter(|_| request.signature.len() == 64).ok_or_else(sizes)?;
        Ok(Truth { truth: ed25519_verify(key, signature, &request.message) })
    }

    fn call(request: CallRequest) -> Result<CallResponse, Refusal> {
        heard(raw::call(&request.commons, &request.method, &request.request))
    }

    fn cheat(_: Nothing) -> Result<Nothing, Refusal> {
        raw::put(b"cheat", b"1");
        Ok(Nothing {})
    }

    fn trap(_: Nothing) -> Result<Nothing, Refusal> {
        Ok(raw::get(b"never written").map(|_| Nothing {}).expect("told to give up"))
    }

    #[allow(clippy::empty_loop)]
    fn spin(_: Nothing) -> Result<Nothing, Refusal> {
        loop {}
    }

    fn burn(_: Nothing) -> Result<Truth, Refusal> {
        let before = fuel_left();
        let after = fuel_left();
        Ok(Truth { truth: after > 0 && after < before })
    }

    fn rule(request: RuleRequest) -> Result<CallResponse, Refusal> {
        let size = || Refusal::invalid("sizes", "a code hash has 32 bytes");
        let code = request.code.first_chunk().filter(|_| request.code.len() == 32).ok_or_else(size)?;
        heard(raw::rule(code, &request.method, &request.request))
    }

    fn idle(_: Nothing) -> Result<Nothing, Refusal> {
        Ok(Nothing {})
    }
}

/// What came of a call under this one.
fn heard(outcome: Result<Vec<u8>, Refusal>) -> Result<CallResponse, Refusal> {
    match outcome {
        Ok(response) => Ok(CallResponse { response, refused_by: String::new() }),
        Err(refusal) => Ok(CallResponse { response: Vec::new(), refused_by: refusal.rule }),
    }
}

stint_sdk::contract!(proto, Contract);

/// The recipes of the cook-book are run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/author/cookbook.md")]
pub struct CookBook;
