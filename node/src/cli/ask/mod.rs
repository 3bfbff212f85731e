//! Methods of contracts as people call them: `stint call forge contribute.record --id talk-1 --quantity 1.5`.
//!
//! | file | idea |
//! |---|---|
//! | `words.rs` | what stands on the line behind `call` or `query` |
//! | `flags.rs` | the fields of a request as flags |
//! | `value.rs` | a word as the value of a field |
//! | `help.rs` | what a method takes, for people |
//! | `tell.rs` | an answer, as tables or JSON |

mod flags;
mod help;
mod tell;
mod value;
mod words;

pub use tell::{Form, message as tell_message};
pub use words::{Asked, Ready};

/// A message of the contract `contribute`.
#[cfg(test)]
fn sample(name: &str) -> prost_reflect::MessageDescriptor {
    let module = include_bytes!("../../../../contracts/dist/contribute.wasm");
    let set = stint_runtime::check(module).expect("a contract").descriptor.file_set;
    let pool = prost_reflect::DescriptorPool::decode(&set[..]).expect("a descriptor");
    pool.get_message_by_name(&format!("stint.contribute.v1.{name}")).expect("a message")
}
