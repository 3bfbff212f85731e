use crate::{
    Descriptor, RuntimeError, abi, check,
    host::{Host, linker},
    meter::instrument,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use stint_proto::{Hash, limits::MEMORY_BYTES};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module, ModuleExport, OptLevel,
    PoolingAllocationConfig, Strategy,
};

/// Instances at once: all queries, and the executors of the validators that a simulation runs in
/// one process.
const INSTANCES: u32 = 256;
/// Memory of a pooled instance that stays mapped between calls; most calls touch less, and giving
/// pages back costs more than the call itself.
const RESIDENT_BYTES: usize = 256 * 1024;
/// Compiled contracts kept at once.
const CACHED: usize = 256;
/// The native stack of a call. The metering pass ends a recursion long before.
const NATIVE_STACK_BYTES: usize = 1 << 20;

/// The engine and the contracts it has compiled. Cheap to clone; all clones share the cache.
#[derive(Clone)]
pub struct Contracts {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    linker: Linker<Host>,
    compiled: Mutex<BTreeMap<Hash, Arc<Contract>>>,
}

/// A compiled contract, ready to be called.
pub struct Contract {
    /// Its service and methods.
    pub descriptor: Descriptor,
    pub(crate) pre: InstancePre<Host>,
    pub(crate) memory: ModuleExport,
    pub(crate) alloc: ModuleExport,
    pub(crate) call: ModuleExport,
    pub(crate) fuel: ModuleExport,
}

impl Contracts {
    /// Starts the engine.
    pub fn new() -> Result<Contracts, RuntimeError> {
        let engine = Engine::new(&config())?;
        let linker = linker(&engine)?;
        Ok(Contracts { inner: Arc::new(Inner { engine, linker, compiled: Mutex::default() }) })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The compiled form of a published module: from the cache, or compiled now.
    pub(crate) fn load(
        &self,
        hash: Hash,
        module: impl FnOnce() -> Result<Vec<u8>, RuntimeError>,
    ) -> Result<Arc<Contract>, RuntimeError> {
        let cache = || self.inner.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = cache().get(&hash) {
            return Ok(found.clone());
        }
        let contract = Arc::new(self.compile(&module()?).map_err(RuntimeError::Engine)?);
        let mut compiled = cache();
        if compiled.len() >= CACHED {
            compiled.pop_first();
        }
        compiled.insert(hash, contract.clone());
        Ok(contract)
    }

    /// Checks, meters and compiles a module.
    pub fn compile(&self, wasm: &[u8]) -> Result<Contract, String> {
        let checked = check(wasm)?;
        let metered = instrument(wasm, &checked)?;
        let module = Module::new(&self.inner.engine, metered).map_err(|e| format!("{e:#}"))?;
        let export = |name: &str| module.get_export_index(name).ok_or(format!("no export {name}"));
        Ok(Contract {
            descriptor: checked.descriptor,
            memory: export("memory")?,
            alloc: export(abi::EXPORTS[0].0)?,
            call: export(abi::EXPORTS[1].0)?,
            fuel: export(abi::FUEL_GLOBAL)?,
            pre: self.inner.linker.instantiate_pre(&module).map_err(|e| format!("{e:#}"))?,
        })
    }
}

fn config() -> Config {
    let mut c = Config::new();
    c.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed).cranelift_nan_canonicalization(true);
    c.wasm_simd(false).wasm_relaxed_simd(false).wasm_memory64(false).wasm_multi_memory(false);
    c.wasm_tail_call(false).wasm_extended_const(false).wasm_wide_arithmetic(false);
    c.wasm_bulk_memory(true).wasm_multi_value(true);
    c.max_wasm_stack(NATIVE_STACK_BYTES).wasm_backtrace_max_frames(None);
    c.memory_init_cow(true);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_core_instances(INSTANCES).total_memories(INSTANCES).total_tables(INSTANCES);
    pool.max_memory_size(MEMORY_BYTES).table_elements(10_000).max_unused_warm_slots(16);
    pool.linear_memory_keep_resident(RESIDENT_BYTES).table_keep_resident(RESIDENT_BYTES);
    pool.pagemap_scan(Enabled::Auto);
    c.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    c
}
