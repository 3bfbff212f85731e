use crate::{
    Block, Epochs, Hash, Header, agent_name, commons_name, hash,
    limits::{FOUNDING_MEMBERS, VALIDATORS},
    signature::acceptable_key,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use stint_verifier::{Committee, Trust};

/// The file from which a ledger starts, the same bytes on every node. Its hash is the chain id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// The ledger's name, shaped as a commons' name.
    pub name: String,
    /// Milliseconds since 1970, UTC: the time of block 0.
    pub time_ms: u64,
    /// The rules of the first block.
    pub protocol_version: u32,
    /// Blocks of an epoch: the validators change between two of them.
    pub epoch_blocks: u64,
    /// The validators of the first epoch.
    pub validators: Vec<GenesisValidator>,
    /// The consortium's own commons and its first members.
    pub consortium: String,
    /// Members of the consortium; they get the role "steward" there.
    pub stewards: Vec<GenesisAgent>,
}

/// A validator at genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisValidator {
    /// For people, unique.
    pub name: String,
    /// Ed25519 public key, hexadecimal.
    #[serde(with = "hex_key")]
    pub key: [u8; 32],
}

/// An agent known from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAgent {
    /// The agent's name on this ledger.
    pub agent: String,
    /// Ed25519 public key, hexadecimal.
    #[serde(with = "hex_key")]
    pub key: [u8; 32],
}

/// The genesis file cannot start a ledger.
#[derive(Debug, thiserror::Error)]
#[error("the genesis file cannot start a ledger: {0}")]
pub struct GenesisError(String);

impl Genesis {
    /// The rules that this build executes.
    pub const PROTOCOL_VERSION: u32 = 1;
    /// Blocks of an epoch where nobody says otherwise: a minute of a busy ledger, a quarter of an hour of an idle one.
    pub const EPOCH_BLOCKS: u64 = 1_000;

    /// Which heights are of which epoch.
    pub fn epochs(&self) -> Epochs {
        Epochs::new(self.epoch_blocks)
    }

    /// Reads a genesis file and checks it; answers with the chain id too.
    pub fn parse(file: &[u8]) -> Result<(Genesis, Hash), GenesisError> {
        let genesis: Genesis = serde_json::from_slice(file).map_err(|e| GenesisError(e.to_string()))?;
        genesis.check().map_err(GenesisError)?;
        Ok((genesis, hash("stint.v1.genesis", file)))
    }

    /// The file's bytes, for writing it once.
    pub fn to_file(&self) -> Result<Vec<u8>, GenesisError> {
        self.check().map_err(GenesisError)?;
        let mut out = serde_json::to_vec_pretty(self).map_err(|e| GenesisError(e.to_string()))?;
        out.push(b'\n');
        Ok(out)
    }

    /// What a reader of proofs believes who believes this file: the validators of the first epoch.
    pub fn trust(&self, chain_id: Hash) -> Result<Trust, GenesisError> {
        let committee = Committee::new(self.validators.iter().map(|v| v.key).collect());
        let committee = committee.ok_or_else(|| GenesisError("two validators share a key".into()))?;
        Ok(Trust { chain_id, epoch: 0, committee })
    }

    /// Block 0: it certifies the state that this file describes.
    pub fn block(&self, chain_id: Hash, state_root: Hash, results_root: Hash) -> Block {
        let header = Header {
            chain_id,
            epoch: 0,
            view: 0,
            parent_view: 0,
            height: 0,
            leader: self.validators[0].key,
            parent: Hash::ZERO,
            time_ms: self.time_ms,
            transactions_root: Hash::ZERO,
            transaction_count: 0,
            protocol_version: self.protocol_version,
            executed_height: 0,
            state_root,
            results_root,
            next_committee: Hash::ZERO,
        };
        Block { header, transactions: Vec::new() }
    }

    fn check(&self) -> Result<(), String> {
        commons_name(&self.name)?;
        commons_name(&self.consortium)?;
        if self.protocol_version != Self::PROTOCOL_VERSION {
            return Err(format!(
                "protocol version {}; this build executes {}",
                self.protocol_version,
                Self::PROTOCOL_VERSION
            ));
        }
        if !(Epochs::MIN_BLOCKS..=Epochs::MAX_BLOCKS).contains(&self.epoch_blocks) {
            return Err(format!(
                "epochs of {} blocks; {} to {} are accepted",
                self.epoch_blocks,
                Epochs::MIN_BLOCKS,
                Epochs::MAX_BLOCKS
            ));
        }
        let bounds = |what: &str, n: usize, most: usize| match (1..=most).contains(&n) {
            true => Ok(()),
            false => Err(format!("{n} {what}; 1 to {most} are accepted")),
        };
        bounds("validators", self.validators.len(), VALIDATORS)?;
        bounds("stewards", self.stewards.len(), FOUNDING_MEMBERS)?;
        let unique = |names: BTreeSet<&str>, keys: BTreeSet<[u8; 32]>, n: usize, what: &str| match names.len() == n
            && keys.len() == n
        {
            true => Ok(()),
            false => Err(format!("two {what} share a name or a key")),
        };
        let (v, s) = (&self.validators, &self.stewards);
        unique(v.iter().map(|v| v.name.as_str()).collect(), v.iter().map(|v| v.key).collect(), v.len(), "validators")?;
        unique(s.iter().map(|s| s.agent.as_str()).collect(), s.iter().map(|s| s.key).collect(), s.len(), "stewards")?;
        if let Some(v) = v.iter().find(|v| s.iter().any(|s| s.agent == v.name && s.key != v.key)) {
            return Err(format!("a validator and a steward are both called {}, with different keys", v.name));
        }
        v.iter().try_for_each(|v| agent_name(&v.name))?;
        s.iter().try_for_each(|s| agent_name(&s.agent))?;
        let keys = v.iter().map(|v| v.key).chain(s.iter().map(|s| s.key));
        keys.into_iter().try_for_each(|k| acceptable_key(&k).map(drop)).map_err(|r| r.message)
    }
}

mod hex_key {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(key: &[u8; 32], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&hex::encode(key))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<[u8; 32], D::Error> {
        let mut key = [0; 32];
        hex::decode_to_slice(String::deserialize(d)?, &mut key).map_err(D::Error::custom)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::SigningKey;

    fn key(seed: u8) -> [u8; 32] {
        SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes()
    }

    fn genesis() -> Genesis {
        Genesis {
            name: "devnet".into(),
            time_ms: 1,
            protocol_version: 1,
            epoch_blocks: 10,
            validators: (1..5).map(|i| GenesisValidator { name: format!("v{i}"), key: key(i) }).collect(),
            consortium: "consortium".into(),
            stewards: vec![GenesisAgent { agent: "ana".into(), key: key(9) }],
        }
    }

    #[test]
    fn a_genesis_file_reads_back_and_names_its_chain() {
        let file = genesis().to_file().unwrap();
        let (read, id) = Genesis::parse(&file).unwrap();
        assert_eq!(read, genesis());
        assert_ne!(id, Genesis::parse(&[&file[..], b"\n"].concat()).unwrap().1);
    }

    #[test]
    fn what_cannot_start_a_ledger_is_refused() {
        let refused = |change: fn(&mut Genesis)| {
            let mut g = genesis();
            change(&mut g);
            g.to_file().unwrap_err().to_string()
        };
        assert!(refused(|g| g.validators.clear()).contains("0 validators"));
        assert!(refused(|g| g.validators[1].key = g.validators[0].key).contains("two validators"));
        assert!(refused(|g| g.stewards[0].key = [2; 32]).contains("key is refused"));
        assert!(refused(|g| g.protocol_version = 2).contains("protocol version 2"));
        assert!(refused(|g| g.name = "No".into()).contains("cannot name"));
        assert!(refused(|g| g.epoch_blocks = 9).contains("epochs of 9 blocks"));
        assert!(refused(|g| g.stewards[0].agent = "v1".into()).contains("both called v1"));
        assert!(Genesis::parse(b"{}").is_err());
    }
}
