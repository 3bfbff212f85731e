use prost::Message;
use std::{collections::BTreeMap, fmt};

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
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Unavailable = 14,
    Unauthenticated = 16,
}

impl Code {
    const ALL: [Code; 11] = [
        Code::InvalidArgument,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::Unavailable,
        Code::Unauthenticated,
    ];
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
    /// The same facts for programs, at most 16.
    pub details: BTreeMap<String, String>,
}

impl Refusal {
    /// A refusal by a rule.
    pub fn new(code: Code, rule: &str, message: impl Into<String>) -> Refusal {
        Refusal { code, rule: rule.into(), message: message.into(), details: BTreeMap::new() }
    }

    /// A field of the request breaks a rule.
    pub fn invalid(rule: &str, message: impl Into<String>) -> Refusal {
        Refusal::new(Code::InvalidArgument, rule, message)
    }

    /// Adds a fact for programs.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Refusal {
        self.details.insert(name.into(), value.to_string());
        self
    }

    /// As the ledger passes it on: cut to its limits.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn bounded(self) -> Refusal {
        use crate::testing::limits::{DETAIL_BYTES, DETAILS, MESSAGE_BYTES, NAME_BYTES};
        let cut = |text: String, limit: usize| match text.len() > limit {
            true => text[..(0..=limit).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)].to_string(),
            false => text,
        };
        let details = self.details.into_iter().take(DETAILS);
        Refusal {
            code: self.code,
            rule: cut(self.rule, NAME_BYTES),
            message: cut(self.message, MESSAGE_BYTES),
            details: details.map(|(k, v)| (cut(k, NAME_BYTES), cut(v, DETAIL_BYTES))).collect(),
        }
    }

    /// As `stint.v1.Refusal`.
    pub fn encode(&self) -> Vec<u8> {
        Encoded::from(self.clone()).encode_to_vec()
    }

    /// From `stint.v1.Refusal`.
    pub fn decode(bytes: &[u8]) -> Option<Refusal> {
        Encoded::decode(bytes).ok().map(Refusal::from)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}

impl std::error::Error for Refusal {}

/// `stint.v1.Refusal`
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Encoded {
    #[prost(uint32, tag = "1")]
    code: u32,
    #[prost(string, tag = "2")]
    rule: String,
    #[prost(string, tag = "3")]
    message: String,
    #[prost(btree_map = "string, string", tag = "4")]
    details: BTreeMap<String, String>,
}

impl From<Refusal> for Encoded {
    fn from(r: Refusal) -> Encoded {
        Encoded { code: r.code as u32, rule: r.rule, message: r.message, details: r.details }
    }
}

impl From<Encoded> for Refusal {
    fn from(e: Encoded) -> Refusal {
        let code = Code::ALL.into_iter().find(|c| *c as u32 == e.code).unwrap_or(Code::FailedPrecondition);
        Refusal { code, rule: e.rule, message: e.message, details: e.details }
    }
}

/// A contract's refusals in one list: every rule with its gRPC code, its facts, and its sentence.
/// Each converts into a [`Refusal`], so that `?` and `return Err(...)?` refuse with it; its facts
/// travel as details.
///
/// ```
/// stint_sdk::refusals! {
///     /// Why a withdrawal is refused.
///     pub enum Wrong {
///         /// Nobody takes out more than lies in.
///         Empty { left: u64, asked: u64 } => FailedPrecondition, "empty", "{left} are left, and {asked} were asked";
///         /// An amount is at least one.
///         Nothing {} => InvalidArgument, "nothing", "the amount is 0; ask for at least 1";
///     }
/// }
/// let refusal: stint_sdk::Refusal = Wrong::Empty { left: 3, asked: 5 }.into();
/// assert_eq!(refusal.to_string(), "empty: 3 are left, and 5 were asked");
/// assert_eq!(refusal.details["left"], "3");
/// ```
#[macro_export]
macro_rules! refusals {
    ($(#[$outer:meta])* $visibility:vis enum $name:ident {
        $($(#[$inner:meta])* $variant:ident { $($field:ident: $ty:ty),* $(,)? }
            => $code:ident, $rule:literal, $message:literal;)*
    }) => {
        $(#[$outer])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$inner])* $variant {
                $(#[doc = concat!("`", stringify!($field), "` in the message.")] $field: $ty),*
            }),*
        }
        impl ::core::convert::From<$name> for $crate::Refusal {
            fn from(refused: $name) -> $crate::Refusal {
                match refused {
                    $($name::$variant { $($field),* } => {
                        $crate::Refusal::new($crate::Code::$code, $rule, ::std::format!($message $(, $field = $field)*))
                            $(.with(stringify!($field), &$field))*
                    })*
                }
            }
        }
    };
}
