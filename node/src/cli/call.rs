//! Any method of any contract: the messages are those that the node's reflection tells.

use super::{
    Failure,
    ask::{Asked, Form, Ready, tell_message},
    paint, prove, verify, wait,
};
use clap::Args;
use stint_client::descriptors::path;
use stint_proto::v1;

/// Calls a command: signed, ordered, executed by every validator.
#[derive(Args)]
pub struct Call {
    #[command(flatten)]
    asked: Asked,
}

/// Asks a query.
#[derive(Args)]
pub struct Query {
    #[command(flatten)]
    asked: Asked,
    /// Believe the validators' signatures and not the node: fetch all that the query reads with
    /// proofs, and run it again here
    #[arg(long)]
    prove: bool,
    /// On the state after this block, as far back as the node keeps states; to be proved, one of the newest 16
    /// [default: the newest]
    #[arg(long, default_value_t = 0)]
    height: u64,
}

impl Call {
    pub async fn execute(&self) -> Result<(), Failure> {
        let Some(ready) = self.asked.prepare(&[], "call").await? else { return Ok(()) };
        let key = ready.target.signer()?;
        let Ready { client, commons, method, request, .. } = &ready;
        let path = path(method);
        let called = client.command(&key, commons, &path, request.clone());
        let (response, height) = wait::shown("until the call is final", called).await?;
        println!("{}", tell_message(&method.output(), response, Form::of(ready.json, ready.table))?);
        eprintln!("{} at height {height}", paint::green("final"));
        Ok(())
    }
}

impl Query {
    pub async fn execute(&self) -> Result<(), Failure> {
        let own = [("prove", false), ("height", true)];
        let Some(ready) = self.asked.prepare(&own, "query").await? else { return Ok(()) };
        let height = match ready.late.get("height").cloned().flatten() {
            Some(text) => text.parse().map_err(|_| format!("--height {text} is no height"))?,
            None => self.height,
        };
        let form = Form::of(ready.json, ready.table);
        let prove = self.prove || ready.late.contains_key("prove");
        let Ready { client, target, commons, method, request, .. } = ready;
        if prove {
            // Left to itself a node proves the newest certified state, which may lack what a call just did.
            let height = if height == 0 { client.status().await?.height } else { height };
            let question = v1::Question { commons, method: path(&method), request, height };
            let proven = prove::query(&target, &client, question);
            let (response, proven) = wait::shown("until the answer is proved", proven).await?;
            println!("{}", tell_message(&method.output(), response, form)?);
            eprintln!("{}", verify::signers(&proven));
            return Ok(());
        }
        let (response, _) = client.query_at(&commons, &path(&method), request, height).await?;
        println!("{}", tell_message(&method.output(), response, form)?);
        Ok(())
    }
}
