//! Votes that must not be lost unseen.
//!
//! The engine takes the end of its journal that it cannot read for what a crash tore, and goes on without it. After an
//! orderly stop nothing is torn: what the journal held then is written down, and must be there at the next start.

use super::JoinError;
use crate::config::{ConfigError, Folder, read, write};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use stint_consensus::VOTES;
use stint_proto::{Hash, hash};

fn seal(folder: &Folder) -> PathBuf {
    folder.engine().with_extension("seal")
}

/// Writes down what votes there are; the engine must have stopped.
pub fn set(folder: &Folder) -> Result<(), ConfigError> {
    let (seal, votes) = (seal(folder), votes(folder)?);
    let draft = seal.with_extension("new");
    write(&draft, format!("{votes}\n").as_bytes())?;
    fs::rename(&draft, &seal).map_err(|error| ConfigError::File { path: seal, error })
}

/// Compares, where the last stop was orderly, and forgets what was written down: the engine votes from now on.
pub fn open(folder: &Folder) -> Result<(), JoinError> {
    let seal = seal(folder);
    if !seal.exists() {
        return Ok(());
    }
    let written = String::from_utf8_lossy(&read(&seal)?).trim().to_string();
    if folder.engine().exists() && votes(folder)?.to_string() != written {
        return Err(JoinError::Lost(format!(
            "the votes in {} are not those that were there when the node stopped, so it could vote twice; start with --repair, and it waits until it cannot",
            folder.engine().display()
        )));
    }
    remove(folder)
}

/// Forgets what was written down.
pub fn remove(folder: &Folder) -> Result<(), JoinError> {
    let seal = seal(folder);
    match fs::remove_file(&seal) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ConfigError::File { path: seal, error }.into()),
        _ => Ok(()),
    }
}

/// A hash over all files of votes.
fn votes(folder: &Folder) -> Result<Hash, ConfigError> {
    let place = folder.engine().join(VOTES);
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        |error| ConfigError::File { path, error }
    };
    let mut files = Vec::new();
    if place.exists() {
        for entry in fs::read_dir(&place).map_err(failed(&place))? {
            files.push(entry.map_err(failed(&place))?.path());
        }
    }
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let bytes = read(&file)?;
        all.extend_from_slice(file.file_name().map(|n| n.as_encoded_bytes()).unwrap_or_default());
        all.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        all.extend_from_slice(&bytes);
    }
    Ok(hash("stint.v1.votes", &all))
}
