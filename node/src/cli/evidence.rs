//! `stint evidence`: who signed twice, and files that prove it to anyone.

use super::{Failure, show, target::Target};
use clap::Args;
use prost::Message;
use std::path::PathBuf;
use stint_proto::v1;

/// See the command.
#[derive(Args)]
pub struct Evidence {
    #[command(flatten)]
    target: Target,
    /// Write the proof of each into this folder; check one with: stint verify FILE
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,
}

impl Evidence {
    pub async fn execute(&self) -> Result<(), Failure> {
        let client = self.target.connect().await?;
        let consortium = client.status().await?.consortium;
        let mut found = Vec::new();
        let mut after = bytes::Bytes::new();
        loop {
            let request = v1::ListEvidenceRequest { after }.encode_to_vec();
            let answer = client.query(&consortium, "/stint.v1.Kernel/ListEvidence", request.into()).await?;
            let answer = v1::ListEvidenceResponse::decode(answer)?;
            found.extend(answer.evidence);
            after = answer.next;
            if after.is_empty() {
                break;
            }
        }
        if found.is_empty() {
            println!("nobody signed twice");
            return Ok(());
        }
        let row = |e: &v1::EvidenceRecord| {
            let round = format!("round {} of epoch {}", e.view, e.epoch);
            [e.validator.clone(), e.votes.join(" and "), round, e.height.to_string(), e.reported_by.clone()]
        };
        let rows: Vec<_> = found.iter().map(row).collect();
        println!("{}", show::table(&["validator", "signed", "in", "recorded in block", "reported by"], &rows));
        match &self.export {
            None => println!("the consortium decides what follows, for example: stint validator remove NAME"),
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                for e in &found {
                    let file = folder.join(format!("{}-{}-{}.evidence", e.validator, e.epoch, e.view));
                    std::fs::write(&file, &e.evidence).map_err(|why| format!("{}: {why}", file.display()))?;
                    println!("wrote {}; anyone checks it with: stint verify {}", file.display(), file.display());
                }
            }
        }
        Ok(())
    }
}
