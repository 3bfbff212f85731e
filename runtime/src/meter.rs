//! Counts fuel and stack in the contract's own bytecode.
//!
//! An engine's own counters differ between its compilers and its releases; these are part of the
//! protocol. Two globals are added and exported: `stint_fuel`, which the host fills and which
//! every straight run of instructions lowers by its price before it runs, and `stint_depth`, the
//! stack slots in use, raised around calls. When fuel falls below zero or the stack over its
//! limit, the code reaches `unreachable`.

use crate::{
    Checked,
    abi::{self, price::PAGE},
};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType,
    Instruction as I, Module, ValType,
    reencode::{self, Reencode, utils},
};
use wasmparser::{FunctionBody, Operator as Op, Parser};

/// Stack slots of 8 bytes. The native stack has several times as much room, whatever the compiler
/// makes of a slot, so this counter always ends a recursion first.
pub(crate) const STACK_SLOTS: i32 = 20_000;

/// Price of a load: its memory may lie in no cache, and what follows waits for it.
pub(crate) const LOAD_PRICE: i64 = 12;
/// Price of a store, which nothing waits for.
pub(crate) const STORE_PRICE: i64 = 6;

/// Price of one instruction. Part of the protocol.
fn price(op: &Op<'_>) -> i64 {
    match op {
        Op::Nop | Op::Drop | Op::Block { .. } | Op::Loop { .. } | Op::Unreachable | Op::Return | Op::Else | Op::End => {
            0
        }
        Op::Call { .. } | Op::CallIndirect { .. } => 5,
        Op::I32DivS | Op::I32DivU | Op::I32RemS | Op::I32RemU => 10,
        Op::I64DivS | Op::I64DivU | Op::I64RemS | Op::I64RemU => 10,
        Op::I32Load { .. }
        | Op::I64Load { .. }
        | Op::I32Load8S { .. }
        | Op::I32Load8U { .. }
        | Op::I32Load16S { .. }
        | Op::I32Load16U { .. }
        | Op::I64Load8S { .. }
        | Op::I64Load8U { .. }
        | Op::I64Load16S { .. }
        | Op::I64Load16U { .. }
        | Op::I64Load32S { .. }
        | Op::I64Load32U { .. } => LOAD_PRICE,
        Op::I32Store { .. }
        | Op::I64Store { .. }
        | Op::I32Store8 { .. }
        | Op::I32Store16 { .. }
        | Op::I64Store8 { .. }
        | Op::I64Store16 { .. }
        | Op::I64Store32 { .. } => STORE_PRICE,
        Op::MemoryGrow { .. } => 1_000,
        Op::MemoryCopy { .. } | Op::MemoryFill { .. } | Op::MemoryInit { .. } => 10,
        _ => 1,
    }
}

/// True where a straight run of instructions ends.
fn ends_run(op: &Op<'_>) -> bool {
    matches!(
        op,
        Op::Loop { .. }
            | Op::If { .. }
            | Op::Else
            | Op::End
            | Op::Br { .. }
            | Op::BrIf { .. }
            | Op::BrTable { .. }
            | Op::Return
            | Op::Unreachable
    )
}

/// Puts the counters into a module that [`crate::check()`] accepted.
pub fn instrument(wasm: &[u8], checked: &Checked) -> Result<Vec<u8>, String> {
    Ok(run(wasm, checked, false)?.0)
}

/// For every function: (offset in its metered body, offset in the module as built), ascending.
pub(crate) type Places = Vec<Vec<(u32, u32)>>;

/// The same, and says where every instruction came from.
pub(crate) fn instrument_with_places(wasm: &[u8], checked: &Checked) -> Result<(Vec<u8>, Places), String> {
    run(wasm, checked, true)
}

fn run(wasm: &[u8], checked: &Checked, with_places: bool) -> Result<(Vec<u8>, Places), String> {
    let mut module = Module::new();
    let (fuel, depth) = (checked.globals, checked.globals + 1);
    let mut meter = Meter { checked, next: 0, fuel, depth, with_places, places: Vec::new() };
    meter.parse_core_module(&mut module, Parser::new(0), wasm).map_err(|e| e.to_string())?;
    Ok((module.finish(), meter.places))
}

struct Meter<'a> {
    checked: &'a Checked,
    /// The function that comes next.
    next: usize,
    /// Indices of the two globals.
    fuel: u32,
    depth: u32,
    with_places: bool,
    places: Places,
}

type Error = reencode::Error<std::convert::Infallible>;

impl Meter<'_> {
    /// Ends the call when the condition on top of the stack holds.
    fn end_if(f: &mut Function) {
        for i in [I::If(BlockType::Empty), I::Unreachable, I::End] {
            f.instruction(&i);
        }
    }

    fn end_without_fuel(&self, f: &mut Function) {
        for i in [I::GlobalGet(self.fuel), I::I64Const(0), I::I64LtS] {
            f.instruction(&i);
        }
        Self::end_if(f);
    }

    fn charge(&self, f: &mut Function, price: i64) {
        if price == 0 {
            return;
        }
        for i in [I::GlobalGet(self.fuel), I::I64Const(price), I::I64Sub, I::GlobalSet(self.fuel)] {
            f.instruction(&i);
        }
        self.end_without_fuel(f);
    }

    /// One unit for every eight bytes of a bulk instruction, or [`PAGE`] for every page of
    /// `memory.grow`; their number is on top of the stack.
    fn charge_count(&self, f: &mut Function, count: u32, units: u32, of_pages: bool) {
        let price = if of_pages { [I::I64Const(PAGE as i64), I::I64Mul] } else { [I::I64Const(3), I::I64ShrU] };
        for i in [I::LocalTee(count), I::I64ExtendI32U] {
            f.instruction(&i);
        }
        for i in &price {
            f.instruction(i);
        }
        for i in [I::LocalSet(units), I::GlobalGet(self.fuel), I::LocalGet(units), I::I64Sub, I::GlobalSet(self.fuel)] {
            f.instruction(&i);
        }
        self.end_without_fuel(f);
        f.instruction(&I::LocalGet(count));
    }

    fn enter(&self, f: &mut Function, slots: i32) {
        for i in [
            I::GlobalGet(self.depth),
            I::I32Const(slots),
            I::I32Add,
            I::GlobalSet(self.depth),
            I::GlobalGet(self.depth),
            I::I32Const(STACK_SLOTS),
            I::I32GtU,
        ] {
            f.instruction(&i);
        }
        Self::end_if(f);
    }

    fn leave(&self, f: &mut Function, slots: i32) {
        for i in [I::GlobalGet(self.depth), I::I32Const(slots), I::I32Sub, I::GlobalSet(self.depth)] {
            f.instruction(&i);
        }
    }
}

impl Reencode for Meter<'_> {
    type Error = std::convert::Infallible;

    /// Names and debug information go along as they are, for authors only: nobody has checked them.
    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        if self.with_places {
            module.section(&wasm_encoder::CustomSection { name: section.name().into(), data: section.data().into() });
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        out: &mut GlobalSection,
        s: wasmparser::GlobalSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_global_section(self, out, s)?;
        let counter = |val_type| GlobalType { val_type, mutable: true, shared: false };
        out.global(counter(ValType::I64), &ConstExpr::i64_const(0));
        out.global(counter(ValType::I32), &ConstExpr::i32_const(0));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        out: &mut ExportSection,
        s: wasmparser::ExportSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_export_section(self, out, s)?;
        out.export(abi::FUEL_GLOBAL, ExportKind::Global, self.fuel);
        out.export(abi::DEPTH_GLOBAL, ExportKind::Global, self.depth);
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), Error> {
        let mut runs = Vec::new();
        let mut run = 0;
        for op in body.get_operators_reader()? {
            let op = op?;
            run += price(&op);
            if ends_run(&op) {
                runs.push(run);
                run = 0;
            }
        }
        let mut runs = runs.into_iter();

        let mut locals = Vec::new();
        let mut count = self.checked.parameters[self.next];
        for l in body.get_locals_reader()? {
            let (n, ty) = l?;
            count += n;
            locals.push((n, self.val_type(ty)?));
        }
        locals.extend([(1, ValType::I32), (1, ValType::I64)]);
        let (counter, units) = (count, count + 1);
        let slots = self.checked.frames[self.next] as i32;
        self.next += 1;

        let mut f = Function::new(locals);
        self.charge(&mut f, runs.next().unwrap_or(0));
        let mut places = Vec::new();
        let mut ops = body.get_operators_reader()?;
        while !ops.eof() {
            if self.with_places {
                places.push((f.byte_len() as u32, ops.original_position() as u32));
            }
            let op = ops.read()?;
            let is_call = matches!(op, Op::Call { .. } | Op::CallIndirect { .. });
            let ends = ends_run(&op);
            if is_call {
                self.enter(&mut f, slots);
            } else if matches!(op, Op::MemoryCopy { .. } | Op::MemoryFill { .. } | Op::MemoryInit { .. }) {
                self.charge_count(&mut f, counter, units, false);
            } else if matches!(op, Op::MemoryGrow { .. }) {
                self.charge_count(&mut f, counter, units, true);
            }
            f.instruction(&self.instruction(op)?);
            if is_call {
                self.leave(&mut f, slots);
            }
            if ends && !ops.eof() {
                self.charge(&mut f, runs.next().unwrap_or(0));
            }
        }
        code.function(&f);
        self.places.push(places);
        Ok(())
    }
}
