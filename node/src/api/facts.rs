//! What refusals of the rooms below say in words, for programs too: the details beside rule and message.

use crate::core::Node;
use stint_proto::{Refusal, limits::VALIDITY_WINDOW};

fn with<const N: usize>(mut refusal: Refusal, facts: [(&str, String); N]) -> Refusal {
    refusal.details.extend(facts.map(|(name, fact)| (name.to_string(), fact)));
    refusal
}

/// Of a question about some height: which would be answered.
pub fn facts(node: &Node, refusal: Refusal) -> Refusal {
    let (oldest, newest) = (node.store.oldest(), node.tip().height);
    let oldest = match refusal.rule.as_str() {
        "height" => oldest.state,
        "block" => oldest.block,
        _ => return refusal,
    };
    with(refusal, [("oldest", oldest.to_string()), ("newest", newest.to_string())])
}

/// Of a query: the commons that was named.
pub fn of_query(refusal: Refusal, commons: Option<&str>) -> Refusal {
    match (refusal.rule.as_str(), commons) {
        ("commons", Some(commons)) => with(refusal, [("commons", commons.to_string())]),
        _ => refusal,
    }
}

/// Of a call that was not taken: the heights until which it would be.
pub fn of_call(node: &Node, refusal: Refusal, valid_until: u64) -> Refusal {
    let next = node.tip().height + 1;
    let valid = ("valid_until", valid_until.to_string());
    match refusal.rule.as_str() {
        "expired" => with(refusal, [valid, ("height", (next - 1).to_string())]),
        "valid-until" => with(refusal, [valid, ("latest", (next + VALIDITY_WINDOW).to_string())]),
        _ => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Server, serve};
    use crate::{
        client::Client,
        core::Node,
        tests::{add, call, chain, extend, in_memory},
    };
    use std::{collections::BTreeMap, sync::Arc, time::Duration};
    use stint_client::{
        Refused,
        wire::{LEDGER, metadata, retry_after},
    };
    use stint_proto::{
        Call, Code,
        limits::{POOL_RETRY_MS, POOL_SENDER_CALLS, VALIDITY_WINDOW},
        v1,
    };
    use stint_store::Keep;
    use tonic::Status;

    /// Thirty blocks, of which the oldest states are gone; and a client, over the wire.
    async fn edge() -> (Arc<Node>, Client) {
        let node = in_memory(Keep { states: 4, ..Keep::ARCHIVE });
        extend(&node, &chain(30));
        while node.store.prune().expect("pruned") {}
        let server = Server::open("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
        let address = server.address;
        tokio::spawn(serve(server, node.clone(), "v1".into(), std::future::pending()));
        (node, Client::connect(address).await.expect("it answers"))
    }

    fn facts<const N: usize>(facts: [(&str, u64); N]) -> BTreeMap<String, String> {
        facts.map(|(name, fact)| (name.to_string(), fact.to_string())).into()
    }

    fn told(status: Status) -> (Code, String, BTreeMap<String, String>) {
        let Refused { code, rule, details, domain, .. } = Refused::from(&status);
        assert_eq!(domain, LEDGER, "{status}");
        (code, rule, details)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_height_that_cannot_be_read_is_refused_with_those_that_can() {
        let (_, client) = edge().await;
        let mut ledger = client.ledger();
        let states = facts([("oldest", 27), ("newest", 30)]);
        for height in [5, 31] {
            let expected = (Code::OutOfRange, "height".to_string(), states.clone());
            let asked = v1::ListAgentsRequest { height, ..Default::default() };
            assert_eq!(told(ledger.list_agents(asked).await.expect_err("refused")), expected);
            let asked = v1::SimulateRequest { height, ..Default::default() };
            assert_eq!(told(ledger.simulate(asked).await.expect_err("refused")), expected);
            let refused =
                client.query_at("consortium", "/stint.v1.Kernel/GetCommons", Default::default(), height).await;
            assert_eq!(told(refused.expect_err("refused").into()), expected);
        }
        let blocks = facts([("oldest", 1), ("newest", 30)]);
        let expected = (Code::NotFound, "block".to_string(), blocks);
        let refused = ledger.get_block(v1::GetBlockRequest { height: 31 }).await.expect_err("refused");
        assert_eq!(told(refused), expected);
        let refused = ledger.get_status(v1::GetStatusRequest { height: 31 }).await.expect_err("refused");
        assert_eq!(told(refused), expected);
        let fact = Some(v1::prove_request::Fact::Block(31));
        assert_eq!(told(ledger.prove(v1::ProveRequest { fact }).await.expect_err("refused")), expected);
        let mut history =
            ledger.get_history(v1::GetHistoryRequest { from: 31, to: 31 }).await.expect("begun").into_inner();
        assert_eq!(told(history.message().await.expect_err("refused")), expected);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_call_that_is_not_taken_is_told_why_and_what_would_be() {
        let (node, client) = edge().await;
        let with = async |change: fn(&mut Call)| {
            let mut changed = call(77, "consortium", "/stint.v1.Kernel/Admit", &()).call().clone();
            change(&mut changed);
            let tx = changed.sign(&crate::tests::keys()[0]).expect("a call");
            told(client.submit(&tx).await.expect_err("refused").into())
        };
        let expired = with(|call| call.valid_until = 3).await;
        assert_eq!(expired, (Code::DeadlineExceeded, "expired".into(), facts([("valid_until", 3), ("height", 30)])));
        let far = with(|call| call.valid_until = 1_000_000).await;
        let latest = facts([("valid_until", 1_000_000), ("latest", 31 + VALIDITY_WINDOW)]);
        assert_eq!(far, (Code::InvalidArgument, "valid-until".into(), latest));
        // A commons that is not there, before anything is ordered; and a name that none can have.
        let (code, rule, details) = with(|call| call.commons = "meadow".into()).await;
        assert_eq!((code, &rule[..], &details["commons"][..]), (Code::NotFound, "commons", "meadow"));
        let (code, rule, _) = with(|call| call.commons = "Meadow".into()).await;
        assert_eq!((code, &rule[..]), (Code::InvalidArgument, "commons"));
        assert_eq!(node.pool().len(), 0, "none of them waits to be ordered");
        let refused = client.query("meadow", "/stint.v1.Kernel/GetCommons", Default::default()).await;
        let (code, rule, details) = told(refused.expect_err("refused").into());
        assert_eq!((code, &rule[..], &details["commons"][..]), (Code::NotFound, "commons", "meadow"));

        // A pool that is full says when to come again.
        for n in 0..POOL_SENDER_CALLS as u64 {
            node.pool().add(call(1_000 + n, "consortium", "/stint.v1.Kernel/Admit", &())).expect("there is room");
        }
        let refused =
            client.submit(&call(5, "consortium", "/stint.v1.Kernel/Admit", &())).await.expect_err("it is full");
        let status = Status::from(refused);
        assert_eq!(retry_after(&status), Some(Duration::from_millis(POOL_RETRY_MS)));
        let (code, rule, details) = told(status);
        let full = [("waiting", 10_000), ("limit", 10_000), ("retry_ms", POOL_RETRY_MS)];
        assert_eq!((code, &rule[..], details), (Code::ResourceExhausted, "pool", facts(full)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_message_that_cannot_be_read_is_the_callers_fault() {
        let (_, client) = edge().await;
        // A field of another type; tonic alone would say INTERNAL, as if the node were broken.
        for method in ["Submit", "GetReceipt", "ListAgents", "Prove"] {
            let path = format!("/stint.v1.Ledger/{method}");
            let refused = client.query("", &path, vec![0x0a, 0x7f].into()).await.expect_err("refused");
            let (code, rule, _) = told(refused.into());
            assert_eq!((code, &rule[..]), (Code::InvalidArgument, "request"), "{method}");
        }
        let large = client.query("", "/stint.v1.Ledger/Submit", vec![0; 1_500_000].into()).await.expect_err("refused");
        let (code, rule, _) = told(large.into());
        assert_eq!((code, &rule[..]), (Code::InvalidArgument, "request-size"));
        // What the caller is not to blame for is told otherwise.
        let missing = v1::GetReceiptRequest { key: vec![1; 32].into(), id: vec![1; 16].into() };
        assert_eq!(told(client.ledger().get_receipt(missing).await.expect_err("none")).0, Code::NotFound);
    }

    /// Whoever reads several answers knows which came of the later state.
    #[tokio::test(flavor = "multi_thread")]
    async fn answers_of_the_ledger_say_of_which_height_they_are() {
        let (node, client) = edge().await;
        let ledger = || client.ledger();
        let height = |metadata: &tonic::metadata::MetadataMap| metadata::height(metadata).expect("a height");
        macro_rules! height_of {
            ($method:ident($request:expr)) => {
                height(ledger().$method($request).await.expect("an answer").metadata())
            };
        }
        assert_eq!(height_of!(get_status(v1::GetStatusRequest { height: 0 })), 30);
        assert_eq!(height_of!(get_status(v1::GetStatusRequest { height: 12 })), 12);
        assert_eq!(height_of!(list_agents(v1::ListAgentsRequest { height: 28, ..Default::default() })), 28);
        assert_eq!(height_of!(list_code(v1::ListCodeRequest::default())), 30);
        assert_eq!(height_of!(get_block(v1::GetBlockRequest { height: 7 })), 30);
        let method = "/stint.v1.Kernel/GetCommons".into();
        let simulate = v1::SimulateRequest { commons: "consortium".into(), method, ..Default::default() };
        assert_eq!(height_of!(simulate(simulate)), 30);
        let fact = Some(v1::prove_request::Fact::Block(20));
        assert_eq!(height_of!(prove(v1::ProveRequest { fact })), 30);
        let (block, _) = add(&node, vec![call(500, "consortium", "/stint.v1.Kernel/ListCommons", &())]);
        let id = block.transactions[0].id();
        let asked = v1::GetReceiptRequest { key: id.key.to_vec().into(), id: id.id.to_vec().into() };
        assert_eq!(height_of!(get_receipt(asked)), 31);
    }
}
