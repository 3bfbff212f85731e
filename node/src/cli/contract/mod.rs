//! `stint contract`: from an idea to a rule that serves a commons.
//!
//! | file | command |
//! |---|---|
//! | `new.rs`, `name.rs` | `new`: a contract that works, with a test, and the SDK beside it |
//! | `package.rs`, `toolchain.rs` | what is built, by which compiler |
//! | `build.rs` | `build`: the same bytes in every folder and on every machine |
//! | `test.rs`, `host.rs` | `test`: natively, and on the ledger's own runtime, which must agree |
//! | `check.rs` | `check`: what an upload would say |
//! | `send.rs` | `publish`, `deploy`, `upgrade` |
//! | `verify.rs` | `verify`: builds what a ledger runs from its sources, and compares |
//! | `pack.rs` | `pack`: a module from any compiler becomes a contract |
//! | `conform.rs` | `conform`: a contract in any language against calls and answers in JSON |

mod build;
mod check;
mod conform;
mod host;
mod name;
mod new;
mod pack;
mod package;
mod send;
mod test;
mod toolchain;
mod verify;

use super::Failure;
pub use build::add_section;
use clap::Subcommand;
pub use conform::conform;

/// Writes, tests and deploys contracts.
#[derive(Subcommand)]
pub enum Contract {
    /// Make a contract that works, with a test
    New(new::New),
    /// Compile a contract to the module that a ledger takes
    Build(build::Build),
    /// Run a contract's tests, natively and on the ledger's own runtime
    Test(test::Test),
    /// Say what an upload would say: sizes, methods, fuel
    Check(check::Check),
    /// Put a module on the ledger
    Publish(send::Publish),
    /// Publish a module and let it serve a commons
    Deploy(send::Deploy),
    /// Let other code serve instead of what serves now
    Upgrade(send::Upgrade),
    /// Build what a ledger runs from its sources, and compare
    Verify(verify::Verify),
    /// Make a module from any compiler a contract, by its .proto
    Pack(pack::Pack),
    /// Run calls from a JSON file against a module and compare the answers
    Conform(conform::Conform),
    /// Serve the tests of a contract; `stint contract test` starts it
    #[command(hide = true)]
    Host,
}

impl Contract {
    pub async fn execute(&self) -> Result<(), Failure> {
        match self {
            Contract::New(c) => c.execute(),
            Contract::Build(c) => c.execute(),
            Contract::Test(c) => c.execute(),
            Contract::Check(c) => c.execute(),
            Contract::Publish(c) => c.execute().await,
            Contract::Deploy(c) => c.execute().await,
            Contract::Upgrade(c) => c.execute().await,
            Contract::Verify(c) => c.execute().await,
            Contract::Pack(c) => c.execute(),
            Contract::Conform(c) => c.execute(),
            Contract::Host => host::serve(),
        }
    }
}
