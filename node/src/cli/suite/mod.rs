//! What people do with the books and the money of a commons.
//!
//! | file | command |
//! |---|---|
//! | `replay.rs` | `stint book replay`: cases of Valueflows against the book |
//! | `explain.rs` | `stint explain`: why an agent got what it got |
//! | `whatif.rs` | `stint whatif`: what another rule would have given |
//! | `orchard.rs` | `stint demo orchard`: the sample scenario on a running network |
//! | `money.rs` | amounts for people |

pub mod explain;
pub mod money;
pub mod orchard;
pub mod replay;
pub mod whatif;

use super::Failure;
use crate::client::Client;
use prost::Message;
pub use stint_client::contracts::{book, value};

/// Asks `stint.value.v1.Value` of a commons.
async fn ask<R: Message + Default>(
    client: &Client,
    commons: &str,
    method: &str,
    request: &impl Message,
) -> Result<R, Failure> {
    let method = format!("/stint.value.v1.Value/{method}");
    Ok(R::decode(client.query(commons, &method, request.encode_to_vec().into()).await?)?)
}
