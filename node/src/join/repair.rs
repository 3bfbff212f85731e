//! Setting aside what is damaged, so that it is fetched anew.

use super::JoinError;
use crate::config::{ConfigError, Folder};
use std::{fs, path::Path};
use stint_proto::{Genesis, Hash};
use stint_store::{Difference, Keep, Medium, Standing, Store, StoreError, standing};

/// Checks what is stored and moves aside what is damaged: the state, if it is; the engine's folder in any case, for what
/// it lost cannot be seen. What is moved lies beside its place as `….damaged` until the next repair.
pub fn set_aside(folder: &Folder, genesis: &Genesis, chain_id: Hash, keep: Keep) -> Result<(), JoinError> {
    let medium = Medium::Folder(folder.state());
    let difference = match standing(&medium) {
        Ok(Standing::Empty | Standing::Joining) => None,
        Ok(Standing::Whole(_)) => check(&medium, genesis, chain_id, keep)?,
        Err(e) if e.is_damage() => Some(e.to_string()),
        Err(e) => return Err(e.into()),
    };
    match difference {
        None => tracing::info!("what is stored is in order"),
        Some(difference) => {
            tracing::warn!("{difference}");
            move_aside(&folder.state())?;
        }
    }
    super::seal::remove(folder)?;
    if folder.engine().exists() {
        move_aside(&folder.engine())?;
    }
    Ok(())
}

/// The first difference, if there is one; an error is one when fetching anew would mend it.
fn check(medium: &Medium, genesis: &Genesis, chain_id: Hash, keep: Keep) -> Result<Option<String>, StoreError> {
    let checked = Store::open(medium, genesis, chain_id, keep).map_err(Difference::from);
    match checked.and_then(|store| store.check(genesis, &mut |_| ())) {
        Ok(_) => Ok(None),
        Err(Difference::Store(e)) if !e.is_damage() => Err(e),
        Err(difference) => Ok(Some(difference.to_string())),
    }
}

/// Moves a folder beside its place.
pub fn move_aside(folder: &Path) -> Result<(), ConfigError> {
    let beside = folder.with_extension("damaged");
    remove(&beside)?;
    fs::rename(folder, &beside).map_err(|error| ConfigError::File { path: folder.into(), error })?;
    tracing::warn!("{} is set aside as {}", folder.display(), beside.display());
    Ok(())
}

/// Removes a folder, if it is there.
pub fn remove(folder: &Path) -> Result<(), ConfigError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(ConfigError::File { path: folder.into(), error })
        }
        _ => Ok(()),
    }
}
