//! Keys by name: `stint key new ana`, then `--key ana`.
//!
//! The store is a folder of key files, `$STINT_KEYS` or `stint/keys` in the user's configuration. Beside it the keys of
//! a ledger's own folder have names too, such as `steward`.

use super::{Failure, show};
use crate::keys;
use clap::{Args, Subcommand};
use ed25519_dalek::SigningKey;
use std::{
    env, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use stint_proto::agent_name;

/// Keys by name.
#[derive(Subcommand)]
pub enum Key {
    /// Make a key and keep it under a name
    New(Named),
    /// Show the public key of a name
    Show(Named),
    /// List the names
    List(Store),
}

/// Where keys are kept.
#[derive(Args)]
pub struct Store {
    /// Folder of the keys [default: stint/keys in the user's configuration]
    #[arg(long, env = "STINT_KEYS")]
    keys: Option<PathBuf>,
}

#[derive(Args)]
pub struct Named {
    #[command(flatten)]
    store: Store,
    /// Letters, digits and . _ @ + -
    name: String,
}

impl Key {
    pub fn execute(&self) -> Result<(), Failure> {
        match self {
            Key::New(named) => {
                let folder = named.store.folder()?;
                agent_name(&named.name)?;
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
                let path = file(&folder, &named.name);
                if path.exists() {
                    let name = &named.name;
                    return Err(format!(
                        "there is a key {name} already, in {}; show it with: stint key show {name}",
                        path.display()
                    )
                    .into());
                }
                let key = keys::generate()?;
                keys::write(&path, &key)?;
                println!("{}", public(&key));
                eprintln!("kept as {}; who has this file is {}", path.display(), named.name);
                eprintln!(
                    "next: a steward admits it: stint call COMMONS kernel.admit --agent {} --roles member --key {}",
                    named.name,
                    public(&key)
                );
                Ok(())
            }
            Key::Show(named) => {
                println!("{}", public(&keys::read(&existing(&named.store.folder()?, None, &named.name)?)?));
                Ok(())
            }
            Key::List(store) => {
                let folder = store.folder()?;
                let rows = names(&folder).into_iter().map(|name| {
                    let key = keys::read(&file(&folder, &name)).map_or_else(|e| e.to_string(), |key| public(&key));
                    [name, key]
                });
                println!("{}", show::table(&["name", "public key"], &rows.collect::<Vec<_>>()));
                Ok(())
            }
        }
    }
}

impl Store {
    fn folder(&self) -> Result<PathBuf, Failure> {
        self.keys
            .clone()
            .or_else(default)
            .ok_or_else(|| "there is no home folder; name one for keys with --keys".into())
    }
}

fn default() -> Option<PathBuf> {
    let of = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = of("XDG_CONFIG_HOME").or_else(|| Some(of("HOME")?.join(".config")))?;
    Some(config.join("stint/keys"))
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.key"))
}

fn public(key: &SigningKey) -> String {
    hex::encode(key.verifying_key().to_bytes())
}

/// Names of the keys in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let name = |e: fs::DirEntry| e.file_name().to_str()?.strip_suffix(".key").map(String::from);
    let mut names: Vec<String> = entries.filter_map(name).collect();
    names.sort();
    names
}

/// The file behind a name: of the store, or of the ledger's folder.
fn existing(store: &Path, ledger: Option<&Path>, name: &str) -> Result<PathBuf, Failure> {
    let folders: Vec<PathBuf> =
        [Some(store.to_path_buf()), ledger.map(|dir| dir.join("keys"))].into_iter().flatten().collect();
    if agent_name(name).is_ok()
        && let Some(found) = folders.iter().map(|f| file(f, name)).find(|p| p.is_file())
    {
        return Ok(found);
    }
    let known: Vec<String> = folders.iter().flat_map(|f| names(f)).collect();
    let known = if known.is_empty() { "there are none yet".into() } else { format!("there are: {}", known.join(", ")) };
    Err(format!(
        "there is no key {name}, neither by that name nor as a file; {known}; make one with: stint key new {name}"
    )
    .into())
}

/// The key that `--key` means: a file, or a name.
pub fn find(given: &str, ledger: &Path) -> Result<SigningKey, Failure> {
    let path = Path::new(given);
    if path.is_file() {
        return Ok(keys::read(path)?);
    }
    let store = env::var_os("STINT_KEYS").map(PathBuf::from).or_else(default).unwrap_or_default();
    Ok(keys::read(&existing(&store, Some(ledger), given)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_kept_under_a_name_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        let store = || Store { keys: Some(folder.clone()) };
        let new =
            |name: &str| Key::New(Named { store: store(), name: name.into() }).execute().map_err(|e| e.to_string());
        new("ana").unwrap();
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&file(&folder, "ana"))), (0o700, 0o600));
        assert!(new("ana").unwrap_err().contains("there is a key ana already"));
        assert!(new("../bo").unwrap_err().contains("cannot name an agent"));
        assert_eq!(names(&folder), ["ana"]);
        assert!(existing(&folder, None, "ana").is_ok());
        let said = existing(&folder, None, "bo").unwrap_err().to_string();
        assert!(said.contains("there are: ana; make one with: stint key new bo"), "{said}");
    }
}
