//! Compiled code on disk.
//!
//! The engine runs whatever it is given as compiled code, so nothing is given to it but what this
//! node wrote: beside every file stands a keyed hash over the module's name, the engine and its
//! settings, the version of the metering pass, and the code. The key is random, made once for the folder, and never
//! leaves it. A file that fails the check is as good as none. What passes is mapped, not copied: code that nobody
//! calls takes no memory.
//!
//! This is the one place outside contracts with `unsafe`.

use crate::{RuntimeError, meter::METER_VERSION};
use std::{
    fs,
    hash::{Hash as _, Hasher},
    io,
    path::{Path, PathBuf},
};
use stint_proto::Hash;
use wasmtime::{Engine, Module};

const KEY_FILE: &str = "key";
/// Files kept, two for each module. Of more, the oldest go.
const FILES: usize = 16 * 1024;

pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    /// Names the engine, its version, its settings, the processor's features, and the metering pass:
    /// all that makes code of a module.
    maker: Vec<u8>,
}

impl Cache {
    pub fn open(folder: PathBuf, engine: &Engine) -> Result<Cache, RuntimeError> {
        Cache::of(folder, engine, METER_VERSION)
    }

    fn of(folder: PathBuf, engine: &Engine, meter: u32) -> Result<Cache, RuntimeError> {
        let failed = |e: io::Error| RuntimeError::Cache { folder: folder.display().to_string(), reason: e.to_string() };
        private_folder(&folder).map_err(failed)?;
        let key = key(&folder).map_err(failed)?;
        let mut fingerprint = Fingerprint(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut fingerprint);
        fingerprint.0.update(&meter.to_be_bytes());
        let maker = fingerprint.0.finalize().as_bytes().to_vec();
        Ok(Cache { folder, key, maker })
    }

    /// Whether there is code of a module; it may fail the check.
    pub fn has(&self, module: Hash) -> bool {
        self.path(module).exists()
    }

    pub fn load(&self, module: Hash, engine: &Engine) -> Option<Module> {
        let (path, tag) = (self.path(module), fs::read(self.tag_path(module)).ok()?);
        // Compares in constant time.
        (self.tag(module, &fs::read(&path).ok()?) == *tag.first_chunk()?).then_some(())?;
        deserialize(engine, &path)
    }

    /// Keeps code if it can; a full disk costs only the time to compile again.
    pub fn keep(&self, hash: Hash, module: &Module) {
        let Ok(code) = module.serialize() else { return };
        self.make_room();
        let tag = self.tag(hash, &code);
        for (path, bytes) in [(self.path(hash), &code[..]), (self.tag_path(hash), tag.as_bytes())] {
            let part = path.with_extension("part");
            if fs::write(&part, bytes).and_then(|()| fs::rename(&part, &path)).is_err() {
                let _ = fs::remove_file(&part);
                return;
            }
        }
    }

    /// Deletes the older half when there are too many.
    fn make_room(&self) {
        let files = || fs::read_dir(&self.folder).into_iter().flatten().flatten();
        if files().take(FILES + 1).count() <= FILES {
            return;
        }
        let written = |file: fs::DirEntry| Some((file.metadata().ok()?.modified().ok()?, file));
        let mut found: Vec<_> = files().filter(|f| f.file_name() != KEY_FILE).filter_map(written).collect();
        found.sort_by_key(|(when, _)| *when);
        for (_, file) in found.iter().take(found.len() / 2) {
            let _ = fs::remove_file(file.path());
        }
    }

    fn path(&self, module: Hash) -> PathBuf {
        self.folder.join(format!("{module}.code"))
    }

    fn tag_path(&self, module: Hash) -> PathBuf {
        self.folder.join(format!("{module}.tag"))
    }

    fn tag(&self, module: Hash, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&module.0).update(&self.maker).update(code).finalize()
    }
}

#[allow(unsafe_code)]
fn deserialize(engine: &Engine, code: &Path) -> Option<Module> {
    // SAFETY: the file must hold what `Module::serialize` gave, and must not change while it is mapped. Its tag was
    // checked with a key that only this node's own folder holds, over this engine and all of its bytes; nobody else
    // may write there, and a node puts files in place whole and never changes them.
    unsafe { Module::deserialize_file(engine, code) }.ok()
}

/// Feeds the engine's own hash of itself to a stable hash.
struct Fingerprint(blake3::Hasher);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    fn finish(&self) -> u64 {
        0
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::metadata(folder)?;
    if found.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// The folder's key; a new one when it has none that is whole and private.
fn key(folder: &Path) -> io::Result<[u8; 32]> {
    use std::{
        io::Write,
        os::unix::fs::{MetadataExt, OpenOptionsExt},
    };
    let path = folder.join(KEY_FILE);
    if let (Ok(found), Ok(facts)) = (fs::read(&path), fs::metadata(&path))
        && let Ok(key) = <[u8; 32]>::try_from(found)
        && facts.mode() & 0o077 == 0
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|e| io::Error::other(e.to_string()))?;
    let _ = fs::remove_file(&path);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(&key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Compiler, engine::engine};

    /// As a node does it: what is mapped stays as it is.
    fn replace(path: &Path, bytes: &[u8]) {
        fs::remove_file(path).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn code_comes_back_only_as_it_was_written_by_the_same_engine() {
        let folder = tempfile::tempdir().unwrap();
        let fast = engine(Compiler::Optimising, false).unwrap();
        let cache = Cache::open(folder.path().join("code"), &fast).unwrap();
        let module = Module::new(&fast, wat::parse_str("(module (func (export \"f\")))").unwrap()).unwrap();
        let (hash, other) = (Hash([1; 32]), Hash([2; 32]));
        cache.keep(hash, &module);
        assert!(cache.load(hash, &fast).is_some());
        assert!(cache.load(other, &fast).is_none());

        // Under another module's name.
        fs::copy(cache.path(hash), cache.path(other)).unwrap();
        assert!(cache.has(other) && cache.load(other, &fast).is_none());
        fs::copy(cache.tag_path(hash), cache.tag_path(other)).unwrap();
        assert!(cache.load(other, &fast).is_none());
        // By another engine.
        let plain = engine(Compiler::Plain, false).unwrap();
        let same_folder = Cache::open(folder.path().join("code"), &plain).unwrap();
        assert!(same_folder.load(hash, &plain).is_none());
        // By another version of the metering pass.
        let newer = Cache::of(folder.path().join("code"), &fast, METER_VERSION + 1).unwrap();
        assert!(newer.load(hash, &fast).is_none());
        // With any bit flipped.
        for path in [cache.path(hash), cache.tag_path(hash)] {
            let whole = fs::read(&path).unwrap();
            for at in [0, whole.len() / 2, whole.len() - 1] {
                let mut flipped = whole.clone();
                flipped[at] ^= 4;
                replace(&path, &flipped);
                assert!(cache.load(hash, &fast).is_none(), "byte {at}");
            }
            replace(&path, &whole[..20]);
            assert!(cache.load(hash, &fast).is_none());
            replace(&path, &whole);
            assert!(cache.load(hash, &fast).is_some());
        }
        // By a folder with another key.
        fs::write(folder.path().join("code/key"), [7; 32]).unwrap();
        let stranger = Cache::open(folder.path().join("code"), &fast).unwrap();
        assert!(stranger.load(hash, &fast).is_none());
    }

    #[test]
    fn a_key_that_others_may_read_is_made_anew() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(Compiler::Optimising, false).unwrap();
        let first = Cache::open(folder.path().into(), &engine).unwrap().key;
        assert_eq!(Cache::open(folder.path().into(), &engine).unwrap().key, first);
        fs::set_permissions(folder.path().join("key"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_ne!(Cache::open(folder.path().into(), &engine).unwrap().key, first);
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
