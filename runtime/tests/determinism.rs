//! The same calls give the same roots and burn the same fuel: under every compiler, on one thread
//! and on sixteen, in builds with and without optimisation. What they give is a number of the
//! protocol, written below; `scripts/test` runs this also with the runtime built for debugging.

mod common;

use common::{Ledger, deep_allocator, described, named};
use proptest::test_runner::{RngAlgorithm, TestRng};
use prost::Message;
use rand_core::Rng;
use stint_proto::{Hash, hash_parts, v1};
use stint_runtime::{Compiler, Contracts, ContractsOptions};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction as I, MemArg, MemorySection,
    MemoryType, Module, RefType, TableSection, TableType, TypeSection, ValType,
};

const MODULES: usize = 60;
const CALLS: usize = 6;

/// The hash over all receipts and states of the run. A change of it is a new protocol version.
const KNOWN: &str = "6fcdc4bbc93b4b5b85f2abba8fa89113bbaa93dda3e5a7a1de8796bc6569204c";

#[test]
fn every_compiler_and_any_number_of_threads_give_the_known_results() {
    let expected = run(&engine(Compiler::Optimising));
    // Built for debugging, the runtime is slow, and one run says whether it gives the known results.
    if !cfg!(debug_assertions) {
        for compiler in [Compiler::Plain, Compiler::OnePass] {
            assert_eq!(run(&engine(compiler)), expected, "{compiler:?} differs from Optimising");
        }
        // With an engine for each, and with one for all.
        let shared = engine(Compiler::Optimising);
        for one in [None, Some(shared)] {
            let of_thread = |_| {
                let contracts = one.clone();
                std::thread::spawn(move || run(&contracts.unwrap_or_else(|| engine(Compiler::Optimising))))
            };
            let threads: Vec<_> = (0..16).map(of_thread).collect();
            for t in threads {
                assert_eq!(t.join().expect("a thread"), expected);
            }
        }
    }
    assert_eq!(expected.to_string(), KNOWN, "prices, checks or the interface changed");
}

fn engine(compiler: Compiler) -> Contracts {
    Contracts::with(ContractsOptions { compiler, ..Default::default() }).expect("an engine")
}

/// A rule that answers with its request.
const RULE: &str = r#"(module (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
    (func (export "stint_alloc") (param $n i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (local.get $n))))
    (func (export "stint_call") (param i32 i32 i32) (result i64)
        (i64.or (i64.shl (i64.extend_i32_u (local.get 1)) (i64.const 32)) (i64.extend_i32_u (local.get 2)))))"#;

/// Runs generated modules and calls, and hashes all that came of them.
fn run(contracts: &Contracts) -> Hash {
    let mut ledger = Ledger::with(contracts.clone());
    let rule = ledger.0.publish(&named("Rule", RULE));
    let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut seen = Vec::new();
    let mut ends = std::collections::BTreeMap::<String, usize>::new();
    let mut note = |ledger: &mut Ledger, request: &[u8]| {
        let call = ledger.sign("Do", request);
        let result = ledger.0.execute(&[call]);
        let receipt = v1::Receipt::decode(result.receipts[0].clone()).expect("a receipt");
        *ends.entry(receipt.refusal.map_or_else(String::new, |r| r.rule)).or_default() += 1;
        seen.extend_from_slice(&result.receipts_root().0);
        seen.extend_from_slice(&result.fuel_used.to_be_bytes());
    };
    for _ in 0..MODULES {
        ledger.deploy(&described("Test", generate(&mut rng, &rule)));
        ledger.0.deploy("forge", &described("Peer", generate(&mut rng, &rule)));
        for _ in 0..CALLS {
            let mut request = vec![0; 1 + rng.next_u32() as usize % 64];
            rng.fill_bytes(&mut request);
            note(&mut ledger, &request);
        }
    }
    // Frames of the host between those of a contract: the counter ends them, not an engine's stack.
    for depth in [37, 38, 39, 1_020, 1_050] {
        ledger.deploy(&deep_allocator(depth));
        note(&mut ledger, b"");
    }
    // The calls end in every way there is.
    let of = |rule: &str| ends.get(rule).copied().unwrap_or(0);
    assert!(of("") > MODULES * CALLS / 3 && of("contract-stopped") > 20 && of("fuel") > 5, "{ends:?}");
    for (key, value) in &ledger.0.state.0 {
        seen.extend_from_slice(&hash_parts(&[key, value]).0);
    }
    hash_parts(&[&seen])
}

/// Local variables of every generated function: two parameters, and these.
const LOCALS: u32 = 6;
const IMPORTS: u32 = 6;
/// Functions that call one another, each only later ones.
const FUNCTIONS: u32 = 5;
/// The type of a generated function.
const GENERATED: u32 = 4;

/// What a module may name, far behind what it writes: address and text.
const NAMES: [(i32, &str); 4] =
    [(61_000, "forge"), (61_010, "/test.v1.Peer/Do"), (61_040, "/test.v1.Peer/Ask"), (61_070, "Ask")];
/// Where the hash of the rule stands.
const RULE_AT: i32 = 61_080;

struct Random<'a>(&'a mut TestRng);

impl Random<'_> {
    fn below(&mut self, n: u32) -> u32 {
        self.0.next_u32() % n
    }
    fn local(&mut self) -> u32 {
        self.below(LOCALS)
    }
}

/// A module of random integer arithmetic, memory traffic, loops, tables of branches, direct and indirect
/// calls, calls of the host, of another contract and of a rule, that ends by itself, by a trap, or by
/// its fuel.
fn generate(rng: &mut TestRng, rule: &Hash) -> Vec<u8> {
    let mut r = Random(rng);
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32; 2], [ValType::I64]); // get
    types.ty().function([ValType::I32; 4], []); // put, emit
    types.ty().function([ValType::I32], [ValType::I32]); // alloc
    types.ty().function([ValType::I32; 3], [ValType::I64]); // stint_call
    types.ty().function([ValType::I64; 2], [ValType::I64]); // generated
    types.ty().function([ValType::I32; 6], [ValType::I64]); // scan
    let (place, fuel) = (ValType::I32, ValType::I64);
    types.ty().function([place, place, place, place, place, place, fuel], [fuel]); // call
    types.ty().function([place, place, place, place, place, fuel], [fuel]); // rule
    let mut imports = ImportSection::new();
    for (name, ty) in [("get", 0), ("put", 1), ("emit", 1), ("scan", 5), ("call", 6), ("rule", 7)] {
        imports.import("stint_v1", name, EntityType::Function(ty));
    }
    let mut functions = FunctionSection::new();
    functions.function(2).function(3);
    (0..FUNCTIONS).for_each(|_| {
        functions.function(GENERATED);
    });
    // The generated functions, one of another type, and two places without any.
    let mut tables = TableSection::new();
    let places = u64::from(FUNCTIONS) + 3;
    let element_type = RefType::FUNCREF;
    tables.table(TableType { element_type, minimum: places, maximum: None, table64: false, shared: false });
    let mut elements = ElementSection::new();
    let in_table: Vec<u32> = (0..FUNCTIONS).map(|n| IMPORTS + 2 + n).chain([IMPORTS]).collect();
    elements.active(None, &ConstExpr::i32_const(0), Elements::Functions(in_table.into()));
    let mut memory = MemorySection::new();
    memory.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    let counter = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(counter, &ConstExpr::i32_const(40_960));
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("stint_alloc", ExportKind::Func, IMPORTS).export("stint_call", ExportKind::Func, IMPORTS + 1);

    let mut code = CodeSection::new();
    let mut alloc = Function::new([]);
    // Round and round behind the places that are written to.
    for i in [
        I::GlobalGet(0),
        I::GlobalGet(0),
        I::LocalGet(0),
        I::I32Add,
        I::I32Const(0x1fff),
        I::I32And,
        I::I32Const(40_960),
        I::I32Add,
        I::GlobalSet(0),
        I::End,
    ] {
        alloc.instruction(&i);
    }
    code.function(&alloc);
    code.function(&entry());
    for n in 0..FUNCTIONS {
        let mut f = Function::new([(LOCALS - 2, ValType::I64), (4, ValType::I32)]);
        let size = 3 + r.below(10);
        statements(&mut r, &mut f, n, size, 0);
        let result = r.local();
        f.instruction(&I::LocalGet(result)).instruction(&I::End);
        code.function(&f);
    }
    let mut data = DataSection::new();
    for (at, name) in NAMES {
        data.active(0, &ConstExpr::i32_const(at), name.bytes());
    }
    data.active(0, &ConstExpr::i32_const(RULE_AT), rule.0);
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&tables).section(&memory).section(&globals);
    module.section(&exports).section(&elements).section(&code).section(&data);
    module.finish()
}

/// Feeds the request to the first function, keeps and announces what it gives.
fn entry() -> Function {
    let mut f = Function::new([(1, ValType::I64)]);
    let at = |offset| MemArg { offset, align: 0, memory_index: 0 };
    for i in [
        I::LocalGet(1),
        I::I64Load8U(at(0)),
        I::LocalGet(2),
        I::I64ExtendI32U,
        I::Call(IMPORTS + 2),
        I::LocalSet(3),
        I::I32Const(0),
        I::LocalGet(3),
        I::I64Store(at(0)),
        I::LocalGet(1),
        I::I32Const(1),
        I::I32Const(0),
        I::I32Const(8),
        I::Call(1),
        I::I32Const(0),
        I::I32Const(0),
        I::I32Const(0),
        I::I32Const(8),
        I::Call(2),
        // The answer is the eight bytes at 0.
        I::I64Const(8),
        I::End,
    ] {
        f.instruction(&i);
    }
    f
}

fn statements(r: &mut Random<'_>, f: &mut Function, own: u32, count: u32, depth: u32) {
    for _ in 0..count {
        match r.below(if depth < 3 { 15 } else { 10 }) {
            0..=3 => {
                expression(r, f, own, 0);
                let to = r.local();
                f.instruction(&I::LocalSet(to));
            }
            4..=5 => {
                address(r, f);
                expression(r, f, own, 0);
                let m = MemArg { offset: u64::from(r.below(64)), align: 0, memory_index: 0 };
                f.instruction(&match r.below(3) {
                    0 => I::I64Store8(m),
                    1 => I::I64Store32(m),
                    _ => I::I64Store(m),
                });
            }
            6 => {
                // Reads a key, and looks whether there is one.
                let i = [I::I32Const(r.below(60_000) as i32), I::I32Const(r.below(8) as i32), I::Call(0)];
                i.iter().for_each(|i| {
                    f.instruction(i);
                });
                let to = r.local();
                f.instruction(&I::I64Const(-1)).instruction(&I::I64Eq).instruction(&I::I64ExtendI32U);
                f.instruction(&I::LocalSet(to));
            }
            7 => {
                let bulk = [
                    I::I32Const(r.below(30_000) as i32),
                    I::I32Const(r.below(30_000) as i32),
                    I::I32Const(r.below(5_000) as i32),
                ];
                bulk.iter().for_each(|i| {
                    f.instruction(i);
                });
                f.instruction(&match r.below(2) {
                    0 => I::MemoryFill(0),
                    _ => I::MemoryCopy { src_mem: 0, dst_mem: 0 },
                });
            }
            8 => {
                host(r, f);
                let to = r.local();
                f.instruction(&I::LocalSet(to));
            }
            9 => {
                // How many pages there were before, or -1.
                let pages = if r.below(40) == 0 { 100 } else { r.below(3) };
                let to = r.local();
                for i in [I::I32Const(pages as i32), I::MemoryGrow(0), I::I64ExtendI32S, I::LocalSet(to)] {
                    f.instruction(&i);
                }
            }
            10 => {
                // Three ways, the last of them for whatever else the number says.
                (0..3).for_each(|_| {
                    f.instruction(&I::Block(BlockType::Empty));
                });
                let way = r.local();
                for i in [I::LocalGet(way), I::I32WrapI64, I::I32Const(3), I::I32And] {
                    f.instruction(&i);
                }
                f.instruction(&I::BrTable(vec![0, 1, 1].into(), 2)).instruction(&I::End);
                statements(r, f, own, 1, depth + 1);
                f.instruction(&I::End);
                statements(r, f, own, 1, depth + 1);
                f.instruction(&I::End);
            }
            11..=12 => {
                expression(r, f, own, 0);
                f.instruction(&I::I64Eqz).instruction(&I::If(BlockType::Empty));
                statements(r, f, own, 2, depth + 1);
                f.instruction(&I::Else);
                statements(r, f, own, 2, depth + 1);
                f.instruction(&I::End);
            }
            _ => {
                // A loop with a counter of its own, or, rarely, one that loops inside it set back.
                let counter = LOCALS + if r.below(100) == 0 { 3 } else { depth.min(3) };
                let rounds = r.below(12) as i32;
                f.instruction(&I::I32Const(rounds)).instruction(&I::LocalSet(counter));
                f.instruction(&I::Loop(BlockType::Empty));
                statements(r, f, own, 2, depth + 1);
                for i in [
                    I::LocalGet(counter),
                    I::I32Const(1),
                    I::I32Sub,
                    I::LocalTee(counter),
                    I::I32Const(0),
                    I::I32GtS,
                    I::BrIf(0),
                    I::End,
                ] {
                    f.instruction(&i);
                }
            }
        }
    }
}

/// Scans, or calls another contract or a rule, and leaves the size of the answer.
fn host(r: &mut Random<'_>, f: &mut Function) {
    let (to, size) = (r.below(30_000) as i32, r.below(40) as i32);
    let fuel = i64::from(if r.below(4) == 0 { 10_000 + r.below(20_000) } else { 400_000 });
    let name = |n: usize| [I::I32Const(NAMES[n].0), I::I32Const(NAMES[n].1.len() as i32)];
    match r.below(4) {
        0 => {
            // Some begin with a key of what is kept, and some at the beginning.
            for n in [to, r.below(2) as i32, to + 8, r.below(3) as i32, r.below(30) as i32, r.below(2) as i32] {
                f.instruction(&I::I32Const(n));
            }
            f.instruction(&I::Call(3));
        }
        1..=2 => {
            let method = name(1 + r.below(2) as usize);
            for i in name(0).iter().chain(&method).chain(&[I::I32Const(to), I::I32Const(size)]) {
                f.instruction(i);
            }
            f.instruction(&I::I64Const(fuel)).instruction(&I::Call(4));
        }
        _ => {
            // Rarely a rule that nobody has published.
            let code = if r.below(20) == 0 { to } else { RULE_AT };
            f.instruction(&I::I32Const(code));
            for i in name(3).iter().chain(&[I::I32Const(to), I::I32Const(size)]) {
                f.instruction(i);
            }
            f.instruction(&I::I64Const(fuel)).instruction(&I::Call(5));
        }
    }
    f.instruction(&I::I64Const(0xffff_ffff)).instruction(&I::I64And);
}

/// Mostly inside the memory.
fn address(r: &mut Random<'_>, f: &mut Function) {
    let local = r.local();
    let mask = if r.below(1500) == 0 { 0x1_ffff } else { 0x7fff };
    for i in [I::LocalGet(local), I::I32WrapI64, I::I32Const(mask), I::I32And] {
        f.instruction(&i);
    }
}

fn expression(r: &mut Random<'_>, f: &mut Function, own: u32, depth: u32) {
    if depth > 4 {
        let local = r.local();
        f.instruction(&I::LocalGet(local));
        return;
    }
    match r.below(16) {
        0..=2 => {
            let local = r.local();
            f.instruction(&I::LocalGet(local));
        }
        3..=4 => {
            let value = (i64::from(r.0.next_u32()) << 16) ^ i64::from(r.0.next_u32());
            f.instruction(&I::I64Const(value));
        }
        5 => {
            address(r, f);
            let m = MemArg { offset: u64::from(r.below(64)), align: 0, memory_index: 0 };
            f.instruction(&match r.below(3) {
                0 => I::I64Load8S(m),
                1 => I::I64Load32U(m),
                _ => I::I64Load(m),
            });
        }
        6 if own + 1 < FUNCTIONS => {
            expression(r, f, own, depth + 2);
            expression(r, f, own, depth + 2);
            // Later functions, and rarely itself: a recursion that the stack ends.
            let callee = if r.below(250) == 0 { own } else { own + 1 + r.below(FUNCTIONS - own - 1) };
            match r.below(3) {
                // Through the table; rarely by a place with another function, or none, or outside it.
                0 => {
                    let place = if r.below(60) == 0 { FUNCTIONS + r.below(5) } else { callee };
                    f.instruction(&I::I32Const(place as i32));
                    f.instruction(&I::CallIndirect { type_index: GENERATED, table_index: 0 });
                }
                _ => {
                    f.instruction(&I::Call(IMPORTS + 2 + callee));
                }
            }
        }
        7 => {
            expression(r, f, own, depth + 1);
            f.instruction(&match r.below(6) {
                0 => I::I64Clz,
                1 => I::I64Ctz,
                2 => I::I64Popcnt,
                3 => I::I64Extend8S,
                4 => I::I64Extend16S,
                _ => I::I64Extend32S,
            });
        }
        8 => {
            expression(r, f, own, depth + 1);
            expression(r, f, own, depth + 1);
            f.instruction(&match r.below(6) {
                0 => I::I64LtS,
                1 => I::I64LtU,
                2 => I::I64Eq,
                3 => I::I64GeS,
                4 => I::I64GtU,
                _ => I::I64Ne,
            });
            f.instruction(&I::I64ExtendI32U);
        }
        9 => {
            expression(r, f, own, depth + 1);
            expression(r, f, own, depth + 1);
            expression(r, f, own, depth + 1);
            f.instruction(&I::I32WrapI64).instruction(&I::Select);
        }
        _ => {
            expression(r, f, own, depth + 1);
            expression(r, f, own, depth + 1);
            f.instruction(&match r.below(15) {
                0..=2 => I::I64Add,
                3..=4 => I::I64Sub,
                5..=6 => I::I64Mul,
                7 => I::I64Xor,
                8 => I::I64And,
                9 => I::I64Or,
                10 => I::I64Shl,
                11 => I::I64ShrS,
                12 => I::I64Rotl,
                // Divisions trap on 0, which few of these divisors are.
                _ if r.below(60) > 0 => I::I64Rotr,
                13 => [I::I64DivU, I::I64RemU][r.below(2) as usize].clone(),
                _ => [I::I64DivS, I::I64RemS][r.below(2) as usize].clone(),
            });
        }
    }
}
