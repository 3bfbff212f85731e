//! Keys by name: a folder of key files, `$STINT_KEYS` or `stint/keys` in the user's configuration.

use crate::keys::{Key, KeyError};
use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use stint_proto::agent_name;

/// Where keys have names.
#[derive(Clone, Debug)]
pub struct KeyStore {
    folder: PathBuf,
    /// Folders whose keys have names as well; none are made there.
    beside: Vec<PathBuf>,
}

impl KeyStore {
    /// A folder of keys; it is made with the first one.
    pub fn at(folder: impl Into<PathBuf>) -> KeyStore {
        KeyStore { folder: folder.into(), beside: Vec::new() }
    }

    /// The user's own.
    pub fn of_user() -> Result<KeyStore, KeyError> {
        let of = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let config = || of("XDG_CONFIG_HOME").or_else(|| Some(of("HOME")?.join(".config")));
        let folder = of("STINT_KEYS").or_else(|| Some(config()?.join("stint/keys")));
        folder.map(KeyStore::at).ok_or(KeyError::Homeless)
    }

    /// The same, and the keys of another folder, such as that of a devnet.
    pub fn beside(mut self, folder: impl Into<PathBuf>) -> KeyStore {
        self.beside.push(folder.into());
        self
    }

    /// The names, in order.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.folders().flat_map(names).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Draws a key and keeps it under a name, for this user alone; answers with its file, too.
    pub fn create(&self, name: &str) -> Result<(Key, PathBuf), KeyError> {
        agent_name(name).map_err(KeyError::Name)?;
        let path = file(&self.folder, name);
        if path.exists() {
            return Err(KeyError::Taken { name: name.into(), path });
        }
        let failed = |error| KeyError::File { path: self.folder.clone(), error };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        Ok((Key::create(&path)?, path))
    }

    /// The key of a name.
    pub fn named(&self, name: &str) -> Result<Key, KeyError> {
        if agent_name(name).is_ok()
            && let Some(found) = self.folders().map(|folder| file(folder, name)).find(|path| path.is_file())
        {
            return Key::load(found);
        }
        let names = self.names();
        let known = match names.is_empty() {
            true => "there are none yet".into(),
            false => format!("there are: {}", names.join(", ")),
        };
        Err(KeyError::Unknown { name: name.into(), known })
    }

    /// The key of a file, or of a name.
    pub fn find(&self, given: &str) -> Result<Key, KeyError> {
        match Path::new(given).is_file() {
            true => Key::load(given),
            false => self.named(given),
        }
    }

    fn folders(&self) -> impl Iterator<Item = &Path> {
        [&self.folder].into_iter().chain(&self.beside).map(PathBuf::as_path)
    }
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key"))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|e| e.file_name().to_str()?.strip_suffix(".key").map(String::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_kept_under_a_name_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        let store = KeyStore::at(&folder);
        let (key, path) = store.create("ana").unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
        let said = |result: Result<(Key, PathBuf), KeyError>| result.unwrap_err().to_string();
        assert!(said(store.create("ana")).contains("there is a key ana already"));
        assert!(said(store.create("../bo")).contains("cannot name an agent"));
        assert_eq!(store.named("ana").unwrap().public(), key.public());
        assert_eq!(store.find(path.to_str().unwrap()).unwrap().public(), key.public());
        let said = store.find("bo").unwrap_err().to_string();
        assert!(said.contains("there are: ana; make one with: stint key new bo"), "{said}");
        // Those of a ledger's own folder have names as well; the user's go first.
        let devnet = KeyStore::at(home.path().join("devnet"));
        devnet.create("ana").unwrap();
        let steward = devnet.create("steward").unwrap().0;
        let both = store.beside(home.path().join("devnet"));
        assert_eq!(both.names(), ["ana", "steward"]);
        assert_eq!(both.named("ana").unwrap().public(), key.public());
        assert_eq!(both.named("steward").unwrap().public(), steward.public());
        assert!(both.named("../b/ana").is_err(), "a name is no path");
    }
}
