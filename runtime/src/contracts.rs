use crate::{
    Checked, Compiler, Contract, RuntimeError,
    cache::Cache,
    check::check_for,
    engine::engine,
    host::{Host, linker},
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
};
use stint_proto::Hash;
use wasmtime::{Engine, Linker};

/// Compiled contracts kept in memory at once; of more, those go that were not called for longest.
const CACHED: usize = 256;
/// Modules that wait to be compiled beside the blocks; more are compiled when first called.
const COMPILE_QUEUE: usize = 16;

/// Hears what contracts log and why they stop.
pub type Author = Arc<dyn Fn(&str) + Send + Sync>;

/// How contracts are compiled and where their code is kept.
#[derive(Default)]
pub struct ContractsOptions {
    /// What compiles.
    pub compiler: Compiler,
    /// A private folder for compiled code, so that a restart compiles nothing again.
    pub folder: Option<PathBuf>,
    /// For authors: development builds are accepted, and traps are explained by file and line to
    /// this function, which also hears what contracts log.
    pub author: Option<Author>,
}

/// The engine and the contracts it has compiled. Cheap to clone; all clones share the cache.
#[derive(Clone)]
pub struct Contracts {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub engine: Engine,
    pub linker: Linker<Host>,
    cache: Option<Cache>,
    author: Option<Author>,
    compiled: Mutex<BTreeMap<Hash, Arc<Slot>>>,
    /// Counts look-ups, to know which code was not called for longest.
    uses: AtomicU64,
    /// Modules to compile beside the blocks.
    queue: OnceLock<SyncSender<(Hash, Vec<u8>)>>,
}

#[derive(Default)]
struct Slot {
    contract: OnceLock<Result<Arc<Contract>, String>>,
    used: AtomicU64,
}

impl Contracts {
    /// Starts the engine as nodes use it, without a folder.
    pub fn new() -> Result<Contracts, RuntimeError> {
        Contracts::with(ContractsOptions::default())
    }

    /// Starts the engine.
    pub fn with(options: ContractsOptions) -> Result<Contracts, RuntimeError> {
        let development = options.author.is_some();
        let engine = engine(options.compiler, development)?;
        let linker = linker(&engine, development)?;
        let cache = options.folder.map(|f| Cache::open(f, &engine)).transpose()?;
        let inner = Inner {
            engine,
            linker,
            cache,
            author: options.author,
            compiled: Mutex::default(),
            uses: AtomicU64::new(0),
            queue: OnceLock::new(),
        };
        Ok(Contracts { inner: Arc::new(inner) })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Hands a contract's words to its author.
    pub(crate) fn log(&self, line: String) {
        if let Some(author) = &self.inner.author {
            author(&line);
        }
    }

    /// The compiled form of a published module: from memory, from the folder, or compiled now.
    pub(crate) fn load(
        &self,
        hash: Hash,
        module: impl FnOnce() -> Result<Vec<u8>, RuntimeError>,
    ) -> Result<Result<Arc<Contract>, String>, RuntimeError> {
        let slot = self.slot(hash);
        if let Some(found) = slot.contract.get() {
            return Ok(found.clone());
        }
        // Whoever comes first compiles, and all others wait for it.
        let module = module()?;
        Ok(slot.contract.get_or_init(|| self.inner.make(hash, &module).map(Arc::new)).clone())
    }

    /// Begins to compile a module beside the blocks, so that its first call need not wait.
    pub(crate) fn prepare(&self, hash: Hash, module: &[u8]) {
        let queue = self.inner.queue.get_or_init(|| {
            let (sender, modules) = sync_channel::<(Hash, Vec<u8>)>(COMPILE_QUEUE);
            let inner = Arc::downgrade(&self.inner);
            // One thread: compiling shall not take the cores from the blocks. It ends with the
            // contracts it compiles for, whose sender it reads from.
            let work = move || {
                for (hash, module) in modules {
                    let Some(inner) = inner.upgrade() else { return };
                    let contracts = Contracts { inner };
                    // A failure is told to whoever calls the code.
                    let _ = contracts.load(hash, || Ok(module));
                }
            };
            // Without the thread, code is compiled when first called.
            let _ = std::thread::Builder::new().name("compile".into()).spawn(work);
            sender
        });
        let _ = queue.try_send((hash, module.to_vec()));
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<Hash, Arc<Slot>>> {
        self.inner.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, hash: Hash) -> Arc<Slot> {
        let mut slots = self.slots();
        if slots.len() >= CACHED && !slots.contains_key(&hash) {
            let oldest = slots.iter().min_by_key(|(_, s)| s.used.load(Ordering::Relaxed)).map(|(h, _)| *h);
            oldest.and_then(|h| slots.remove(&h));
        }
        let slot = slots.entry(hash).or_default().clone();
        slot.used.store(self.inner.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        slot
    }

    /// Says whether a module may be published here.
    pub(crate) fn check(&self, wasm: &[u8]) -> Result<Checked, String> {
        check_for(wasm, self.inner.author.is_some())
    }

    /// Checks, meters and compiles a module, without keeping it.
    pub fn compile(&self, wasm: &[u8]) -> Result<Contract, String> {
        Contract::compile(&self.inner, wasm, &self.check(wasm)?)
    }
}

impl Inner {
    fn make(&self, hash: Hash, module: &[u8]) -> Result<Contract, String> {
        let development = self.author.is_some();
        let checked = check_for(module, development)?;
        // A development build is compiled to be explained, which kept code is not.
        let Some(cache) = self.cache.as_ref().filter(|_| !development) else {
            return Contract::compile(self, module, &checked);
        };
        if let Some(kept) = cache.load(hash, &self.engine)
            && let Ok(contract) = Contract::link(self, kept, &checked)
        {
            return Ok(contract);
        }
        let contract = Contract::compile(self, module, &checked)?;
        cache.keep(hash, contract.pre.module());
        Ok(contract)
    }

    pub fn explains(&self) -> bool {
        self.author.is_some()
    }
}
