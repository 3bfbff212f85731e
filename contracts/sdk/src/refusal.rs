use prost::Message;

/// gRPC status codes that a contract may refuse with.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Code {
    InvalidArgument = 3,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    OutOfRange = 11,
    Unimplemented = 12,
}

/// Why a call is refused: a code for clients, a rule's name for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What a gRPC client sees as its status.
    pub code: Code,
    /// Short and stable, for example `R7`.
    pub rule: String,
    /// What was refused, why, and what would be accepted.
    pub message: String,
}

impl Refusal {
    /// A refusal by a rule.
    pub fn new(code: Code, rule: &str, message: impl Into<String>) -> Refusal {
        Refusal { code, rule: rule.into(), message: message.into() }
    }

    /// A field of the request breaks a rule.
    pub fn invalid(rule: &str, message: impl Into<String>) -> Refusal {
        Refusal::new(Code::InvalidArgument, rule, message)
    }

    /// As `stint.v1.Refusal`.
    pub fn encode(&self) -> Vec<u8> {
        #[derive(prost::Message)]
        struct Encoded {
            #[prost(uint32, tag = "1")]
            code: u32,
            #[prost(string, tag = "2")]
            rule: String,
            #[prost(string, tag = "3")]
            message: String,
        }
        Encoded { code: self.code as u32, rule: self.rule.clone(), message: self.message.clone() }.encode_to_vec()
    }
}
