//! `stint key`: keys by name.
//!
//! The store is a folder of key files (`stint_client::KeyStore`). Beside it the keys of a ledger's own folder have names
//! too, such as `steward`.

use super::{Failure, show};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use stint_client::{Key as Held, KeyStore};

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
            Key::New(Named { store, name }) => {
                let (key, path) = store.open()?.create(name)?;
                println!("{}", public(&key));
                eprintln!("kept as {}; who has this file is {name}", path.display());
                eprintln!(
                    "next: a steward admits it: stint call COMMONS kernel.admit --agent {name} --roles member --key {}",
                    public(&key)
                );
                Ok(())
            }
            Key::Show(Named { store, name }) => {
                println!("{}", public(&store.open()?.named(name)?));
                Ok(())
            }
            Key::List(store) => {
                let store = store.open()?;
                let rows = store.names().into_iter().map(|name| {
                    let key = store.named(&name).map_or_else(|e| e.to_string(), |key| public(&key));
                    [name, key]
                });
                println!("{}", show::table(&["name", "public key"], &rows.collect::<Vec<_>>()));
                Ok(())
            }
        }
    }
}

impl Store {
    fn open(&self) -> Result<KeyStore, Failure> {
        Ok(self.keys.clone().map_or_else(KeyStore::of_user, |folder| Ok(KeyStore::at(folder)))?)
    }
}

fn public(key: &Held) -> String {
    hex::encode(key.public())
}

/// The key that `--key` means: a file, or a name.
pub fn find(given: &str, ledger: &Path) -> Result<Held, Failure> {
    Ok(KeyStore::of_user()?.beside(ledger.join("keys")).find(given)?)
}
