//! Methods of contracts as people call them: `stint call forge contribute.record --id talk-1 --quantity 1.5`.
//!
//! | file | idea |
//! |---|---|
//! | `method.rs` | a method by its short or full name, as the node's reflection describes it |
//! | `words.rs` | what stands on the line behind `call` or `query` |
//! | `flags.rs` | the fields of a request as flags |
//! | `value.rs` | a word as the value of a field |
//! | `help.rs` | what a method takes, for people |
//! | `tell.rs` | an answer, as tables or JSON |

mod flags;
mod help;
mod method;
mod tell;
mod value;
mod words;

pub use method::{path, service_named as service};
pub use tell::{Form, json, message as tell_message};
pub use words::{Asked, Ready};
