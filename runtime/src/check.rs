//! What a module must look like to be published. The checks decide alone, so that whatever passes
//! them also compiles, in bounded time and memory.
//!
//! The bounds answer measured attacks: 500 locals x 5,000 blocks in one body of 71 kB compile for
//! two seconds and 200 MB, four times that for 12 seconds and 624 MB; 2,000 operands x 4,800 blocks
//! for four seconds; 30,000 calls of a function with 1,000 results for 34 seconds and 9 GB; 12,000
//! indirect calls for five seconds; 100,000 empty functions for eleven.
//!
//! A refusal is in words of our own: it stands in a receipt, and what a library says changes with
//! the library. What it says goes to the author alone.

use crate::{
    Descriptor,
    abi::{self, ModuleMeta},
};
use prost::Message;
use prost_types::FileDescriptorSet;
use std::fmt;
use stint_proto::limits::{COMMAND_MEMORY_BYTES, DESCRIPTOR_BYTES, MODULE_BYTES, READY_MS_PER_KB, TEXT_BYTES};
use wasmparser::{
    ExternalKind, FuncType, FuncValidatorAllocations, FunctionBody, Operator, OperatorsReader, Parser, Payload,
    TypeRef, ValType, ValidPayload, Validator, WasmFeatures,
};

const FUNCTIONS: u32 = 10_000;
const TYPES: usize = 1_000;
/// Compilers pass more by an address. Calls of a function with 16 results compile five times slower
/// than calls of one with a single result, and such with 1,000 a thousand times.
const PARAMETERS: usize = 100;
const RESULTS: usize = 1;
/// Each takes room in every instance; the interface has a seventh of it.
const IMPORTS: u32 = 100;
const GLOBALS: u32 = 1_000;
const EXPORTS: u32 = 100;
const DATA_SEGMENTS: u32 = 1_000;
pub(crate) const TABLE_ELEMENTS: usize = 10_000;
const BODY_BYTES: usize = 64 * 1024;
const LOCALS: u32 = 1_024;
/// Operands on the stack at once. Contracts here have up to 40.
const OPERANDS: u32 = 1_024;
const NESTING: u32 = 256;
const BRANCH_TARGETS: u32 = 4_096;
/// Blocks of a function, with those that the metering pass makes of calls and of bulk instructions.
/// What compiling takes grows with their square: 2,000 take 80 ms, 4,000 300 ms, 10,000 1.2 s. The
/// contracts here have up to 3,600; sixteen bodies of 64 kB with as many as allowed take five of the
/// eight seconds that a module of their size is given.
const BLOCKS: u32 = 4_000;
/// Register allocation grows with the values that may be alive where a block begins: locals, and
/// operands on the stack.
const BLOCKS_TIMES_VALUES: u64 = 250_000;
/// What a block costs by itself, in values.
const BLOCK_ITSELF: u32 = 30;
/// Of all functions together, for each byte of the module: compiling takes a microsecond for each,
/// and must be done within [`READY_MS_PER_KB`]. The contracts here have three. A module may have one
/// large function more, and gets time for it.
const BLOCKS_TIMES_VALUES_PER_BYTE: u64 = 4;
const PAGE: u64 = 64 * 1024;
/// A development build is large by its debug information, which no ledger ever sees.
const DEVELOPMENT_BYTES: usize = 64 << 20;
/// Text of the section `stint.state`, bytes.
const STATE_TEXT: usize = 16 * 1024;

/// A module that may be published, and what metering needs to know of it.
#[derive(Debug)]
pub struct Checked {
    /// Its service.
    pub descriptor: Descriptor,
    /// Stack slots that a call of each function takes: parameters, locals, operands, and 8.
    pub frames: Vec<u32>,
    /// Parameters of each function.
    pub parameters: Vec<u32>,
    /// Globals that the module declares.
    pub globals: u32,
    /// True when it imports nothing.
    pub pure: bool,
    /// True when it exports `stint_migrate`.
    pub migrates: bool,
    /// Where it says it comes from.
    pub meta: ModuleMeta,
    /// Names and types of what it keeps, one a line.
    pub state: String,
    /// Memory of a fresh instance, in pages of 64 kB.
    pub memory_pages: u64,
    /// Bytes that are copied into a fresh instance.
    pub data_bytes: u64,
    /// Elements of a fresh instance's table.
    pub table_elements: u64,
    /// Ledger time that validators have to compile it, milliseconds.
    pub ready_ms: u64,
}

/// Integer instructions, calls, one memory, one table for indirect calls, and nothing else. No
/// floats: their NaN bits differ by processor, and an amount is never one.
fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::BULK_MEMORY_OPT
        | WasmFeatures::CALL_INDIRECT_OVERLONG
        | WasmFeatures::GC_TYPES
}

/// Why a module may not be published.
#[derive(Debug)]
pub(crate) struct Unfit {
    /// In words of the protocol, for the receipt.
    pub words: String,
    /// What a library says to it, for the author; may be empty.
    pub detail: String,
}

impl From<String> for Unfit {
    fn from(words: String) -> Unfit {
        Unfit { words, detail: String::new() }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.detail.is_empty() { "" } else { ": " };
        write!(f, "{}{between}{}", self.words, self.detail)
    }
}

type Result<T, E = Unfit> = std::result::Result<T, E>;

/// Checks a module; an error says what is refused and what would be accepted.
pub fn check(wasm: &[u8]) -> Result<Checked, String> {
    check_for(wasm, false).map_err(|unfit| unfit.to_string())
}

/// The same, and accepts what only authors need when `development` is set.
pub(crate) fn check_for(wasm: &[u8], development: bool) -> Result<Checked> {
    let limit = if development { DEVELOPMENT_BYTES } else { MODULE_BYTES };
    if wasm.len() > limit {
        return Err(format!("the module has {} bytes; the limit is {limit}", wasm.len()).into());
    }
    let mut validator = Validator::new_with_features(features());
    let mut walk = Walk { development, ..Walk::default() };
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(invalid)?;
        walk.section(&payload)?;
        if let ValidPayload::Func(to_validate, body) = validator.payload(&payload).map_err(invalid)? {
            let mut function = to_validate.into_validator(std::mem::take(&mut walk.allocations));
            walk.body(&body, &mut function)?;
            walk.allocations = function.into_allocations();
        }
    }
    walk.finish(wasm.len())
}

fn invalid(e: wasmparser::BinaryReaderError) -> Unfit {
    let words = "not a Wasm module that is accepted here: valid, with integer instructions and bulk memory; no \
                 floats, SIMD, threads, several results or memories, reference types or tail calls";
    Unfit { words: words.into(), detail: e.to_string() }
}

fn unreadable(section: &str, e: &prost::DecodeError) -> Unfit {
    Unfit { words: format!("the section {section} cannot be read"), detail: e.to_string() }
}

fn bound(what: &str, got: impl Into<u64>, limit: impl Into<u64>) -> Result<()> {
    let (got, limit) = (got.into(), limit.into());
    if got > limit { Err(format!("{what}: {got}; the limit is {limit}").into()) } else { Ok(()) }
}

fn other_type(name: &str, parameters: &[ValType], results: &[ValType]) -> Unfit {
    format!("the exported {name} has another type than {} -> {}", shown(parameters), shown(results)).into()
}

/// A type in words of our own.
fn shown(types: &[ValType]) -> String {
    let name = |t: &ValType| match t {
        ValType::I32 => "i32",
        ValType::I64 => "i64",
        _ => "other",
    };
    format!("({})", types.iter().map(name).collect::<Vec<_>>().join(", "))
}

#[derive(Default)]
struct Walk {
    development: bool,
    types: Vec<FuncType>,
    /// Type of each function, imported ones first.
    functions: Vec<u32>,
    imported: usize,
    /// An import that a rule may not have. To speak to its author changes no answer.
    impure: bool,
    exports: Vec<(String, ExternalKind, u32)>,
    globals: u32,
    memory_pages: Option<u64>,
    data_bytes: u64,
    table_elements: u64,
    descriptor: Option<Descriptor>,
    meta: Option<ModuleMeta>,
    state: Option<String>,
    frames: Vec<u32>,
    parameters: Vec<u32>,
    blocks_times_values: u64,
    allocations: FuncValidatorAllocations,
}

impl Walk {
    fn section(&mut self, payload: &Payload<'_>) -> Result<()> {
        match payload {
            Payload::TypeSection(r) => {
                bound("types", r.count(), TYPES as u64)?;
                for t in r.clone().into_iter_err_on_gc_types() {
                    let t = t.map_err(invalid)?;
                    bound("parameters of a type", t.params().len() as u64, PARAMETERS as u64)?;
                    bound("results of a type", t.results().len() as u64, RESULTS as u64)?;
                    self.types.push(t);
                }
            }
            Payload::ImportSection(r) => {
                bound("imports", r.count(), IMPORTS)?;
                for import in r.clone().into_imports() {
                    let i = import.map_err(invalid)?;
                    self.import(i.module, i.name, &i.ty)?;
                }
            }
            Payload::FunctionSection(r) => {
                bound("functions", r.count(), FUNCTIONS)?;
                for t in r.clone() {
                    self.functions.push(t.map_err(invalid)?);
                }
            }
            Payload::MemorySection(r) => {
                for m in r.clone() {
                    let m = m.map_err(invalid)?;
                    bound("initial memory, pages of 64 kB", m.initial, COMMAND_MEMORY_BYTES as u64 / PAGE)?;
                    self.memory_pages = Some(m.initial);
                }
            }
            Payload::TableSection(r) => {
                bound("tables", r.count(), 1u32)?;
                for t in r.clone() {
                    self.table_elements = t.map_err(invalid)?.ty.initial;
                    bound("table elements", self.table_elements, TABLE_ELEMENTS as u64)?;
                }
            }
            Payload::GlobalSection(r) => {
                bound("globals", r.count(), GLOBALS)?;
                self.globals = r.count();
            }
            Payload::ExportSection(r) => {
                bound("exports", r.count(), EXPORTS)?;
                for x in r.clone() {
                    let x = x.map_err(invalid)?;
                    self.exports.push((x.name.into(), x.kind, x.index));
                }
            }
            Payload::DataSection(r) => {
                bound("data segments", r.count(), DATA_SEGMENTS)?;
                self.data_bytes = r.range().len() as u64;
            }
            Payload::StartSection { .. } => {
                return Err("a start function is refused: code runs only when called".to_string().into());
            }
            Payload::CustomSection(s) => self.custom(s.name(), s.data())?,
            _ => {}
        }
        Ok(())
    }

    /// Sections of ours; those of others are left alone.
    fn custom(&mut self, name: &str, data: &[u8]) -> Result<()> {
        let twice = match name {
            abi::DESCRIPTOR_SECTION => {
                // Reading it costs more than its bytes.
                bound("bytes of the section stint.descriptor", data.len() as u64, DESCRIPTOR_BYTES as u64)?;
                let set = FileDescriptorSet::decode(data).map_err(|e| unreadable(name, &e))?;
                self.descriptor.replace(Descriptor::of(&set, data)?).is_some()
            }
            abi::META_SECTION => {
                bound("bytes of the section stint.meta", data.len() as u64, TEXT_BYTES as u64)?;
                let meta = ModuleMeta::decode(data).map_err(|e| unreadable(name, &e))?;
                self.meta.replace(meta).is_some()
            }
            abi::STATE_SECTION => {
                bound("bytes of the section stint.state", data.len() as u64, STATE_TEXT as u64)?;
                let text = std::str::from_utf8(data).map_err(|_| format!("the section {name} is not UTF-8"))?;
                self.state.replace(text.into()).is_some()
            }
            _ => false,
        };
        if twice { Err(format!("the section {name} stands twice").into()) } else { Ok(()) }
    }

    fn import(&mut self, module: &str, name: &str, ty: &TypeRef) -> Result<()> {
        let known = abi::HOST.iter().find(|known| module == abi::IMPORT_MODULE && known.name == name);
        let (TypeRef::Func(t), Some(known)) = (ty, known) else {
            let import = format!("{}.{}", module.escape_default(), name.escape_default());
            return Err(format!("the import {import} is not in the host interface {}", abi::IMPORT_MODULE).into());
        };
        if known.development && !self.development {
            return Err(format!("the import {module}.{name} is for development; publish a release build").into());
        }
        let (parameters, results) = (known.parameters, known.results);
        if !self.has_type(*t, parameters, results) {
            return Err(format!(
                "the import {module}.{name} has another type than the host's: {} -> {}",
                shown(parameters),
                shown(results)
            )
            .into());
        }
        self.functions.push(*t);
        self.imported += 1;
        self.impure |= !known.development;
        Ok(())
    }

    fn has_type(&self, index: u32, parameters: &[ValType], results: &[ValType]) -> bool {
        self.types.get(index as usize).is_some_and(|t| t.params() == parameters && t.results() == results)
    }

    fn body(
        &mut self,
        body: &FunctionBody<'_>,
        validator: &mut wasmparser::FuncValidator<wasmparser::ValidatorResources>,
    ) -> Result<()> {
        let n = self.frames.len();
        let in_function = |what: &str| format!("{what} of function {n}");
        bound(&in_function("bytes"), body.range().len() as u64, BODY_BYTES as u64)?;
        let ty = self.functions.get(self.imported + n).and_then(|t| self.types.get(*t as usize));
        let parameters = ty.map_or(0, |t| t.params().len()) as u32;
        let mut locals = parameters;
        for l in body.get_locals_reader().map_err(invalid)? {
            locals = locals.saturating_add(l.map_err(invalid)?.0);
        }
        bound(&in_function("locals"), locals, LOCALS)?;

        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader).map_err(invalid)?;
        let mut operators = OperatorsReader::new(reader);
        // The body itself is the first block.
        let (mut operands, mut nesting, mut all, mut size) = (0, 0u32, 0u32, u64::from(locals));
        while !operators.eof() {
            let (op, at) = operators.read_with_offset().map_err(invalid)?;
            let before = validator.operand_stack_height();
            validator.op(at, &op).map_err(invalid)?;
            let height = validator.operand_stack_height().max(before);
            operands = operands.max(height);
            // What the metering pass makes of them, and what compiling them costs, by measurement.
            let blocks: u32 = match &op {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    nesting += 1;
                    bound(&in_function("nested blocks"), nesting, NESTING)?;
                    1
                }
                Operator::End => {
                    nesting = nesting.saturating_sub(1);
                    0
                }
                Operator::BrTable { targets } => {
                    bound(&in_function("branch targets"), targets.len(), BRANCH_TARGETS)?;
                    // They lead to blocks that are counted where they stand.
                    size += u64::from(targets.len()) * u64::from(locals + height);
                    1
                }
                Operator::CallIndirect { .. } => 3,
                Operator::Br { .. } | Operator::BrIf { .. } | Operator::Call { .. } => 1,
                Operator::MemoryGrow { .. } | Operator::MemoryInit { .. } => 1,
                Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => 1,
                Operator::TableInit { .. } | Operator::TableCopy { .. } | Operator::ElemDrop { .. } => {
                    return Err(format!("function {n} changes a table; tables are fixed").into());
                }
                _ => 0,
            };
            all += blocks;
            size += u64::from(blocks) * u64::from(locals + height + BLOCK_ITSELF);
        }
        operators.finish().map_err(invalid)?;
        bound(&in_function("operands at once"), operands, OPERANDS)?;
        // A build for its author has more of them, and compiles only there.
        bound(&in_function("blocks"), all, if self.development { u32::MAX } else { BLOCKS })?;
        bound(&in_function("blocks x values"), size, BLOCKS_TIMES_VALUES)?;
        self.blocks_times_values += size;
        self.frames.push(8 + locals + operands);
        self.parameters.push(parameters);
        Ok(())
    }

    fn finish(self, bytes: usize) -> Result<Checked> {
        let usual = BLOCKS_TIMES_VALUES_PER_BYTE * bytes as u64;
        if !self.development {
            bound("blocks x values of all functions", self.blocks_times_values, BLOCKS_TIMES_VALUES + usual)?;
        }
        let ready_ms =
            READY_MS_PER_KB * (bytes as u64).div_ceil(1000) + self.blocks_times_values.saturating_sub(usual) / 1000;
        for (name, parameters, results) in abi::EXPORTS {
            let found = self.exports.iter().find(|x| x.0 == name && x.1 == ExternalKind::Func);
            let index = found.ok_or_else(|| format!("the function {name} is not exported"))?.2;
            let ty = self.functions.get(index as usize).copied().unwrap_or(u32::MAX);
            if !self.has_type(ty, parameters, results) {
                return Err(other_type(name, parameters, results));
            }
        }
        let migrate = self.exports.iter().find(|x| x.0 == abi::MIGRATE_EXPORT.0);
        if let Some((name, kind, index)) = migrate {
            let (_, parameters, results) = abi::MIGRATE_EXPORT;
            let ty = self.functions.get(*index as usize).copied().unwrap_or(u32::MAX);
            if *kind != ExternalKind::Func || !self.has_type(ty, parameters, results) {
                return Err(other_type(name, parameters, results));
            }
        }
        let migrates = migrate.is_some();
        if self.memory_pages.is_none() || !self.exports.iter().any(|x| x.0 == "memory" && x.1 == ExternalKind::Memory) {
            return Err("the memory is not exported under the name memory".to_string().into());
        }
        for reserved in [abi::FUEL_GLOBAL, abi::DEPTH_GLOBAL] {
            if self.exports.iter().any(|x| x.0 == reserved) {
                return Err(format!("the export name {reserved} is the ledger's own").into());
            }
        }
        if self.globals == 0 {
            let why = "the module has no globals; compilers for Wasm always declare a stack pointer";
            return Err(why.to_string().into());
        }
        let missing =
            || format!("the section {} is missing: the contract's descriptor travels in it", abi::DESCRIPTOR_SECTION);
        let descriptor = self.descriptor.ok_or_else(missing)?;
        Ok(Checked {
            descriptor,
            frames: self.frames,
            parameters: self.parameters,
            globals: self.globals,
            pure: !self.impure,
            migrates,
            meta: self.meta.unwrap_or_default(),
            state: self.state.unwrap_or_default(),
            memory_pages: self.memory_pages.unwrap_or(0),
            data_bytes: self.data_bytes,
            table_elements: self.table_elements,
            ready_ms,
        })
    }
}
