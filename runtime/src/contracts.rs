use crate::{
    Checked, Compiler, Contract, RuntimeError,
    cache::Cache,
    check::{Unfit, check_for},
    engine::engine,
    host::{Host, linker},
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Sender, channel},
    },
};
use stint_proto::{
    Hash,
    limits::{COMPILE_BACKLOG_MS, MODULE_BYTES, READY_MS_PER_KB},
};
use wasmtime::{Engine, Linker};

/// Modules that wait to be compiled beside the blocks, bytes: four times what the ledger lets wait, so
/// only a node that is four times slower than it should be compiles a module when it is first called.
const QUEUE_BYTES: usize = 4 * (COMPILE_BACKLOG_MS / READY_MS_PER_KB) as usize * 1000 + MODULE_BYTES;

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
    /// All that the ledger has published and may be called: no call is slower for what others call. The ledger
    /// bounds its bytes, [`CODE_BYTES`], and what was kept in the folder is the operating system's to page.
    compiled: Mutex<BTreeMap<Hash, Arc<Slot>>>,
    /// Modules to compile beside the blocks, and their bytes.
    queue: OnceLock<Sender<(Hash, Vec<u8>)>>,
    queued: AtomicUsize,
    /// Modules compiled so far.
    compilations: AtomicU64,
}

#[derive(Default)]
struct Slot {
    contract: OnceLock<Arc<Contract>>,
    /// Held by whoever compiles.
    making: Mutex<()>,
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
            queue: OnceLock::new(),
            queued: AtomicUsize::new(0),
            compilations: AtomicU64::new(0),
        };
        Ok(Contracts { inner: Arc::new(inner) })
    }

    /// True where contracts are developed.
    pub(crate) fn explains(&self) -> bool {
        self.inner.explains()
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

    /// The compiled form of a published module: from memory, from the folder, or compiled now. What
    /// passed the checks compiles everywhere, so that it does not is this node's failure and no
    /// call's: a receipt that says so would be this node's alone.
    pub(crate) fn load(
        &self,
        hash: Hash,
        module: impl FnOnce() -> Result<Vec<u8>, RuntimeError>,
    ) -> Result<Arc<Contract>, RuntimeError> {
        let slot = self.slot(hash);
        if let Some(found) = slot.contract.get() {
            return Ok(found.clone());
        }
        // Whoever comes first compiles, and all others wait for it.
        let _making = slot.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = slot.contract.get() {
            return Ok(found.clone());
        }
        let made = self.inner.make(hash, &module()?).map(Arc::new);
        let made = made.map_err(|why| RuntimeError::Engine(format!("the code {hash} cannot be compiled: {why}")))?;
        Ok(slot.contract.get_or_init(|| made).clone())
    }

    /// Begins to compile a module beside the blocks, so that its first call need not wait.
    pub(crate) fn prepare(&self, hash: Hash, module: &[u8]) {
        if self.inner.queued.load(Ordering::Relaxed) + module.len() > QUEUE_BYTES {
            return;
        }
        let queue = self.inner.queue.get_or_init(|| {
            let (sender, modules) = channel::<(Hash, Vec<u8>)>();
            let inner = Arc::downgrade(&self.inner);
            // One thread: compiling shall not take the cores from the blocks. It ends with the
            // contracts it compiles for, whose sender it reads from.
            let work = move || {
                for (hash, module) in modules {
                    let Some(inner) = inner.upgrade() else { return };
                    Contracts { inner }.warm(hash, module);
                }
            };
            // Without the thread, code is compiled when first called.
            let _ = std::thread::Builder::new().name("compile".into()).spawn(work);
            sender
        });
        self.inner.queued.fetch_add(module.len(), Ordering::Relaxed);
        if queue.send((hash, module.to_vec())).is_err() {
            self.inner.queued.fetch_sub(module.len(), Ordering::Relaxed);
        }
    }

    /// Compiles a module of the queue.
    fn warm(&self, hash: Hash, module: Vec<u8>) {
        let size = module.len();
        // A failure is told to whoever calls the code.
        let _ = self.load(hash, || Ok(module));
        self.inner.queued.fetch_sub(size, Ordering::Relaxed);
    }

    /// Loads published code when a node starts: what the folder holds at once, and what must be compiled one after
    /// the other beside the blocks.
    pub(crate) fn warm_up(
        &self,
        codes: Vec<Hash>,
        read: impl Fn(&Hash) -> Result<Vec<u8>, RuntimeError> + Send + 'static,
    ) -> Result<(), RuntimeError> {
        let kept = |hash: &Hash| self.inner.cache.as_ref().is_some_and(|cache| cache.has(*hash));
        let (kept, others): (Vec<Hash>, Vec<Hash>) = codes.into_iter().partition(kept);
        for hash in kept {
            self.load(hash, || read(&hash))?;
        }
        if others.is_empty() {
            return Ok(());
        }
        let inner = Arc::downgrade(&self.inner);
        let work = move || {
            for hash in others {
                let Some(inner) = inner.upgrade() else { return };
                let _ = Contracts { inner }.load(hash, || read(&hash));
            }
        };
        // Without the thread, code is compiled when first called.
        let _ = std::thread::Builder::new().name("compile".into()).spawn(work);
        Ok(())
    }

    /// How many modules were compiled here, which shows that none is compiled twice.
    pub fn compilations(&self) -> u64 {
        self.inner.compilations.load(Ordering::Relaxed)
    }

    fn slot(&self, hash: Hash) -> Arc<Slot> {
        self.inner.compiled.lock().unwrap_or_else(PoisonError::into_inner).entry(hash).or_default().clone()
    }

    /// Says whether a module may be published here.
    pub(crate) fn check(&self, wasm: &[u8]) -> Result<Checked, Unfit> {
        check_for(wasm, self.inner.author.is_some())
    }

    /// Checks, meters and compiles a module, without keeping it.
    pub fn compile(&self, wasm: &[u8]) -> Result<Contract, String> {
        Contract::compile(&self.inner, wasm, &self.check(wasm).map_err(|unfit| unfit.to_string())?)
    }
}

impl Inner {
    fn make(&self, hash: Hash, module: &[u8]) -> Result<Contract, String> {
        let development = self.author.is_some();
        let checked = check_for(module, development).map_err(|unfit| unfit.to_string())?;
        let compile = || {
            self.compilations.fetch_add(1, Ordering::Relaxed);
            Contract::compile(self, module, &checked)
        };
        // A development build is compiled to be explained, which kept code is not.
        let Some(cache) = self.cache.as_ref().filter(|_| !development) else { return compile() };
        let kept = || Contract::link(self, cache.load(hash, &self.engine)?, &checked).ok();
        if let Some(contract) = kept() {
            return Ok(contract);
        }
        let contract = compile()?;
        cache.keep(hash, contract.pre.module());
        // What is mapped takes no memory that the system cannot have back.
        Ok(kept().unwrap_or(contract))
    }

    pub fn explains(&self) -> bool {
        self.author.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Once, a module that one node could not compile, for want of memory say, got a receipt that said so: of
    /// that node alone, which then stood apart from all others.
    #[test]
    fn code_that_does_not_compile_stops_the_node_and_is_tried_again() {
        let contracts = Contracts::new().unwrap();
        let hash = Hash([1; 32]);
        let failed = contracts.load(hash, || Ok(b"what no check let through".to_vec()));
        let Err(RuntimeError::Engine(why)) = failed else { panic!("a failure of the node") };
        assert!(why.contains(&format!("the code {hash} cannot be compiled")), "{why}");
        let read = contracts.load(hash, || Err(RuntimeError::Engine("asked again".into())));
        assert!(matches!(read, Err(RuntimeError::Engine(why)) if why == "asked again"));
    }
}
