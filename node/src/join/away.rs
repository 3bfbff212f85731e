//! A validator that was away while the consortium removed it or changed its key: nobody talks to a key that is none of
//! theirs, so its engine learns nothing. It asks over gRPC, as a node that joins does.

use super::{Join, JoinError};
use crate::core::Node;
use std::{sync::Arc, time::Duration};
use stint_consensus::Floor;
use tokio::time::{Instant, sleep};

/// How long a validator hears nobody before it asks whether the others have gone on; longer each time it was of no use.
pub(super) const SILENCE: Duration = Duration::from_secs(30);
const LONGEST_SILENCE: Duration = Duration::from_secs(600);
/// Time between two looks.
const LOOKS: Duration = Duration::from_secs(5);
/// Blocks that are no more than under way.
const FEW: u64 = 10;

impl Join {
    /// Ends when the validator of these keys hears nobody any more, though others prove that they went on.
    pub async fn cut_off(&mut self, node: &Node, own: &[[u8; 32]]) {
        let mut heard = node.health().heard(own);
        let mut since = Instant::now();
        loop {
            sleep(LOOKS).await;
            let now = node.health().heard(own);
            if now != heard {
                (heard, since, self.silence) = (now, Instant::now(), SILENCE);
            }
            let beyond = node.tip().height + FEW;
            if since.elapsed() >= self.silence
                && self.peers.heights().await.is_some_and(|height| height >= beyond)
                && self.is_proven(beyond).await
            {
                return;
            }
        }
    }

    /// Executes what the others are ahead, as far as they give it, while no engine runs; says where the next one begins.
    pub async fn come_back(&mut self, node: &Arc<Node>) -> Result<Option<Floor>, JoinError> {
        self.silence = LONGEST_SILENCE.min(2 * self.silence);
        let heights = self.peers.heights().await.unwrap_or(0);
        match self.follow(node, false, heights).await {
            Err(JoinError::Store(e)) => return Err(e.into()),
            Err(e) => tracing::warn!("{e}"),
            Ok(()) => {}
        }
        Ok(node.begin_anew()?)
    }
}
