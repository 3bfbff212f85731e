//! A validator that was away while the consortium removed it or changed its key: nobody talks to a key that is none of
//! theirs, so its engine learns nothing. It asks over gRPC, as a node that joins does.
//!
//! What counts is that it stands still while others prove that they went on, and not whether somebody talks to it: that may
//! be another one who was away, or a liar.

use super::{Join, JoinError};
use crate::core::{Node, Standstill};
use std::{sync::Arc, time::Duration};
use stint_consensus::Floor;
use tokio::time::{Instant, sleep};

/// How long a validator stands still before it asks whether the others have gone on; longer each time it was of no use.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(600);
/// Time between two looks.
const LOOKS: Duration = Duration::from_secs(5);
/// Blocks that are no more than under way.
const FEW: u64 = 10;

impl Join {
    /// Ends when the node stands still though others prove that they went on.
    pub async fn left_behind(&mut self, node: &Node) {
        let began = Instant::now();
        let now_ms = || began.elapsed().as_millis() as u64;
        let mut still = Standstill::new(node.tip().height, 0);
        loop {
            sleep(LOOKS).await;
            let height = node.tip().height;
            let lasts = Duration::from_millis(still.lasts_ms(height, now_ms()));
            if lasts.is_zero() {
                self.patience = PATIENCE;
            }
            if lasts < self.patience {
                continue;
            }
            // Whoever was silent before may speak now.
            self.peers.forgive().await;
            self.peers.begin().await;
            let beyond = height + FEW;
            let ahead = self.peers.heights().await.is_some_and(|heights| heights >= beyond);
            // A process that was stopped for a while gets on as soon as it is awake.
            if ahead && self.is_proven(beyond).await && node.tip().height == height {
                return;
            }
        }
    }

    /// Executes what the others are ahead, as far as they give it, while no engine runs; says where the next one begins.
    pub async fn come_back(&mut self, node: &Arc<Node>) -> Result<Option<Floor>, JoinError> {
        self.patience = LONGEST.min(2 * self.patience);
        let heights = self.peers.heights().await.unwrap_or(0);
        match self.follow(node, false, heights).await {
            Err(JoinError::Store(e)) => return Err(e.into()),
            Err(e) => tracing::warn!("{e}"),
            Ok(()) => {}
        }
        Ok(node.begin_anew()?)
    }
}
