use ed25519_dalek::SigningKey;
use prost::Message;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use stint_client::Client;
use stint_proto::{Call, CallId, Hash, Transaction, v1};
use stint_tests::Devnet;
use v1::submit_response::Outcome;

/// Clients at once.
const CLIENTS: usize = 4;
/// A client turns to another node when it has no answer after so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Heights for which a call is valid; far more than the ledger makes meanwhile.
const VALID: u64 = 20_000;
const PAUSE: Duration = Duration::from_millis(30);

/// Clients that call without end, each call until it knows how it ended.
pub struct Load {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

struct Shared {
    nodes: Vec<SocketAddr>,
    key: SigningKey,
    chain_id: Hash,
    next: AtomicU64,
    stop: AtomicBool,
    /// Calls whose clients have the receipt.
    acknowledged: Mutex<Vec<(CallId, v1::Receipt)>>,
}

impl Load {
    /// Starts the clients.
    pub fn start(devnet: &Devnet) -> Load {
        let count = devnet.places();
        let file = std::fs::read(devnet.validator(0).genesis()).expect("a genesis file");
        let (_, chain_id) = stint_proto::Genesis::parse(&file).expect("a genesis");
        let shared = Arc::new(Shared {
            nodes: (0..count).map(|i| devnet.address(i)).collect(),
            key: devnet.steward(),
            chain_id,
            next: AtomicU64::new(1),
            stop: AtomicBool::new(false),
            acknowledged: Mutex::default(),
        });
        let tasks = (0..CLIENTS).map(|n| tokio::spawn(shared.clone().client(n))).collect();
        Load { shared, tasks }
    }

    fn done(&self) -> usize {
        self.shared.acknowledged.lock().expect("no panic").len()
    }

    /// Waits until calls that were begun now go through.
    pub async fn goes_on(&self, limit: Duration) -> Result<(), String> {
        let (before, end) = (self.done(), Instant::now() + limit);
        while self.done() < before + 2 * CLIENTS {
            if Instant::now() >= end {
                return Err(format!("no call goes through within {} s", limit.as_secs()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Waits until all validators stand together, and compares states and receipts.
    pub async fn check(&self, devnet: &Devnet, limit: Duration) -> Result<(), String> {
        let end = Instant::now() + limit;
        let heights = loop {
            let mut heights = Vec::new();
            for i in 0..devnet.places() {
                heights.extend(devnet.try_status(i, 0).await.map(|s| s.height));
            }
            let (least, most) = (heights.iter().min().copied(), heights.iter().max().copied());
            if heights.len() == devnet.places() && most.zip(least).is_some_and(|(most, least)| most - least <= 20) {
                break heights;
            }
            if Instant::now() >= end {
                return Err(format!("validators stand at {heights:?} and do not come together"));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let common = heights.iter().min().copied().unwrap_or_default();
        let mut roots = Vec::new();
        for i in 0..devnet.places() {
            roots.extend(devnet.try_status(i, common).await.map(|s| s.results_root));
        }
        match roots.windows(2).all(|r| r[0] == r[1]) {
            true => Ok(()),
            false => Err(format!("validators disagree on what block {common} led to: {roots:?}")),
        }
    }

    /// Stops the clients and looks for every acknowledged call on every validator. Answers with their number.
    pub async fn end(self, devnet: &Devnet, limit: Duration) -> Result<usize, String> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for task in &self.tasks {
            while !task.is_finished() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        self.check(devnet, limit).await?;
        let acknowledged = self.shared.acknowledged.lock().expect("no panic").clone();
        // Wherever a wiped validator began anew, it has the receipts of the last hour.
        for i in 0..devnet.places() {
            let mut ledger = devnet.client(i).await.ledger();
            for (id, receipt) in &acknowledged {
                let asked = v1::GetReceiptRequest { key: id.key.to_vec().into(), id: id.id.to_vec().into() };
                let kept = ledger.get_receipt(asked).await.map_err(|e| {
                    format!("validator {i} lost the receipt of {id}, block {}: {}", receipt.height, e.message())
                })?;
                if kept.into_inner().receipt.as_ref() != Some(receipt) {
                    return Err(format!("validator {i} has another receipt of {id}"));
                }
            }
        }
        self.once(devnet, acknowledged.len()).await?;
        accused(devnet).await?;
        Ok(acknowledged.len())
    }

    /// Each call founded one commons: as many are there.
    async fn once(&self, devnet: &Devnet, acknowledged: usize) -> Result<(), String> {
        let client = devnet.client(0).await;
        let (mut after, mut found) = (String::new(), 0);
        loop {
            let asked = v1::ListCommonsRequest { after: after.clone(), ..Default::default() };
            let answer = client.query("consortium", "/stint.v1.Kernel/ListCommons", asked.encode_to_vec().into()).await;
            let answer =
                v1::ListCommonsResponse::decode(answer.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
            found += answer.commons.iter().filter(|name| name.starts_with("t-")).count();
            match answer.commons.last() {
                Some(last) if *last != after => after = last.clone(),
                _ => break,
            }
        }
        match found == acknowledged {
            true => Ok(()),
            false => {
                Err(format!("{acknowledged} calls were acknowledged, each founds a commons, and there are {found}"))
            }
        }
    }
}

/// Whatever befell them, nobody signed twice.
async fn accused(devnet: &Devnet) -> Result<(), String> {
    let client = devnet.client(0).await;
    let answer = client.query("consortium", "/stint.v1.Kernel/ListEvidence", Default::default()).await;
    let answer = v1::ListEvidenceResponse::decode(answer.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    match answer.evidence.first() {
        None => Ok(()),
        Some(found) => {
            Err(format!("{} signed twice in round {} of epoch {}", found.validator, found.view, found.epoch))
        }
    }
}

impl Shared {
    async fn client(self: Arc<Self>, n: usize) {
        let mut turn = n;
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let tx = loop {
                if let Some(tx) = self.sign(number, turn).await {
                    break tx;
                }
                turn += 1;
                tokio::time::sleep(PAUSE).await;
            };
            let receipt = loop {
                let answer = tokio::time::timeout(PATIENCE, self.submit(&tx, turn)).await;
                match answer.ok().flatten() {
                    Some(Outcome::Receipt(receipt)) => break receipt,
                    Some(other) => eprintln!("call {number}: {other:?}"),
                    None => {}
                }
                turn += 1;
                tokio::time::sleep(PAUSE).await;
            };
            assert_eq!(receipt.refusal, None, "call {number}");
            self.acknowledged.lock().expect("no panic").push((tx.id(), receipt));
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn sign(&self, number: u64, turn: usize) -> Option<Transaction> {
        let connect = async { Client::connect(self.nodes[turn % self.nodes.len()]).await.ok()?.status().await.ok() };
        let status = tokio::time::timeout(PATIENCE, connect).await.ok()??;
        let steward = v1::AdmitRequest { agent: "steward".into(), key: vec![].into(), roles: vec!["steward".into()] };
        let request =
            v1::FoundRequest { commons: format!("t-{number}"), purpose: String::new(), members: vec![steward] };
        let call = Call {
            chain_id: self.chain_id,
            commons: "consortium".into(),
            method: "/stint.v1.Kernel/Found".into(),
            request: request.encode_to_vec().into(),
            call_id: CallId { key: self.key.verifying_key().to_bytes(), id: u128::from(number).to_be_bytes() },
            valid_until: status.height + VALID,
            fuel_limit: 0,
        };
        call.sign(&self.key).ok()
    }

    async fn submit(&self, tx: &Transaction, turn: usize) -> Option<Outcome> {
        let client = Client::connect(self.nodes[turn % self.nodes.len()]).await.ok()?;
        let request = v1::SubmitRequest { transaction: Some(tx.into()) };
        client.ledger().submit(request).await.ok()?.into_inner().outcome
    }
}
