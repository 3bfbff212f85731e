//! How the Wasm engine is set. Nothing here may change what a call does, burns or answers: that is
//! decided by [`crate::check()`] and [`crate::instrument`], and tested over every [`Compiler`].

use crate::meter::STACK_SLOTS;
use stint_proto::limits::MEMORY_BYTES;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy};

/// Instances at once: all queries and their nested calls, and the executors of the validators that
/// a simulation runs in one process.
const INSTANCES: u32 = 640;
/// Memory of a pooled instance that stays mapped between calls; most calls touch less, and giving
/// pages back costs more than the call itself. See [`crate::abi::price::FREE_PAGES`].
const RESIDENT_BYTES: usize = 256 * 1024;
/// The native stack of a signed call and all calls under it. The metering pass ends a recursion
/// long before: no compiler was seen to take more than 16 bytes for a slot.
const NATIVE_STACK_BYTES: usize = 1 << 20;
const _: () = assert!(NATIVE_STACK_BYTES >= 32 * STACK_SLOTS as usize);
/// Frames that an author sees of a stack.
const AUTHOR_FRAMES: usize = 64;

/// What turns Wasm into machine code. All give the same results and burn the same fuel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compiler {
    /// Cranelift, optimising: what nodes use.
    #[default]
    Optimising,
    /// Cranelift without optimisation.
    Plain,
    /// Winch, which compiles in one pass.
    OnePass,
}

pub(crate) fn engine(compiler: Compiler, development: bool) -> wasmtime::Result<Engine> {
    let mut c = Config::new();
    match compiler {
        Compiler::Optimising => c.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed),
        Compiler::Plain => c.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::None),
        Compiler::OnePass => c.strategy(Strategy::Winch),
    };
    // Floats are refused at upload; should one ever pass, its NaN has one form.
    if compiler != Compiler::OnePass {
        c.cranelift_nan_canonicalization(true);
    }
    c.wasm_simd(false).wasm_relaxed_simd(false).wasm_memory64(false).wasm_multi_memory(false);
    c.wasm_tail_call(false).wasm_extended_const(false).wasm_wide_arithmetic(false);
    c.wasm_bulk_memory(true).wasm_multi_value(true);
    c.max_wasm_stack(NATIVE_STACK_BYTES);
    // Collecting a stack costs more than a call; only an author reads it.
    c.wasm_backtrace_max_frames(development.then(|| AUTHOR_FRAMES.try_into().ok()).flatten());
    c.memory_init_cow(true);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_core_instances(INSTANCES).total_memories(INSTANCES).total_tables(INSTANCES);
    pool.max_memory_size(MEMORY_BYTES).table_elements(10_000).max_unused_warm_slots(16);
    pool.linear_memory_keep_resident(RESIDENT_BYTES).table_keep_resident(RESIDENT_BYTES);
    pool.pagemap_scan(Enabled::Auto);
    c.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&c)
}
