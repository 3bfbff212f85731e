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
    let place = folder.engine();
    let of_votes =
        |path: &PathBuf| path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(VOTES.as_bytes()));
    let mut files = Vec::new();
    for folder in entries(&place)?.into_iter().filter(of_votes) {
        files.extend(entries(&folder)?);
    }
    let mut all = Vec::new();
    for file in files {
        let bytes = read(&file)?;
        let name = file.strip_prefix(&place).unwrap_or(&file);
        all.extend_from_slice(name.as_os_str().as_encoded_bytes());
        all.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        all.extend_from_slice(&bytes);
    }
    Ok(hash("stint.v1.votes", &all))
}

/// What is in a folder, sorted; nothing, if it is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let failed = |error| ConfigError::File { path: folder.into(), error };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let paths = fs::read_dir(folder).map_err(failed)?.map(|entry| Ok(entry.map_err(failed)?.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, ConfigError>>()?;
    paths.sort();
    Ok(paths)
}
