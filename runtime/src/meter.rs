//! Counts fuel and stack in the contract's own bytecode.
//!
//! An engine's own counters differ between its compilers and its releases; these are part of the
//! protocol. Two globals are added and exported: `stint_fuel`, which the host fills and which
//! every straight run of instructions lowers by its price before it runs, and `stint_depth`, the
//! stack slots in use, raised around calls. When fuel falls below zero or the stack over its
//! limit, the code reaches `unreachable`.

use crate::{Checked, abi};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType,
    Instruction as I, Module, ValType,
    reencode::{self, Reencode, utils},
};
use wasmparser::{FunctionBody, Operator as Op, Parser};

/// Stack slots of 8 bytes. The native stack has several times as much room, whatever the compiler
/// makes of a slot, so this counter always ends a recursion first.
pub const STACK_SLOTS: i32 = 20_000;

/// Price of one instruction. Part of the protocol.
fn price(op: &Op<'_>) -> i64 {
    match op {
        Op::Nop | Op::Drop | Op::Block { .. } | Op::Loop { .. } | Op::Unreachable | Op::Return | Op::Else | Op::End => {
            0
        }
        Op::Call { .. } | Op::CallIndirect { .. } => 5,
        Op::I32DivS | Op::I32DivU | Op::I32RemS | Op::I32RemU => 10,
        Op::I64DivS | Op::I64DivU | Op::I64RemS | Op::I64RemU => 10,
        Op::MemoryGrow { .. } => 10_000,
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
    let mut module = Module::new();
    let mut meter = Meter { checked, next: 0, fuel: checked.globals, depth: checked.globals + 1 };
    meter.parse_core_module(&mut module, Parser::new(0), wasm).map_err(|e| e.to_string())?;
    Ok(module.finish())
}

struct Meter<'a> {
    checked: &'a Checked,
    /// The function that comes next.
    next: usize,
    /// Indices of the two globals.
    fuel: u32,
    depth: u32,
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

    /// One unit for every eight bytes of a bulk instruction; their number is on top of the stack.
    fn charge_bytes(&self, f: &mut Function, bytes: u32, units: u32) {
        for i in [
            I::LocalTee(bytes),
            I::I64ExtendI32U,
            I::I64Const(3),
            I::I64ShrU,
            I::LocalSet(units),
            I::GlobalGet(self.fuel),
            I::LocalGet(units),
            I::I64Sub,
            I::GlobalSet(self.fuel),
        ] {
            f.instruction(&i);
        }
        self.end_without_fuel(f);
        f.instruction(&I::LocalGet(bytes));
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
        let (bytes, units) = (count, count + 1);
        let slots = self.checked.frames[self.next] as i32;
        self.next += 1;

        let mut f = Function::new(locals);
        self.charge(&mut f, runs.next().unwrap_or(0));
        let mut ops = body.get_operators_reader()?;
        while !ops.eof() {
            let op = ops.read()?;
            let is_call = matches!(op, Op::Call { .. } | Op::CallIndirect { .. });
            let ends = ends_run(&op);
            if is_call {
                self.enter(&mut f, slots);
            } else if matches!(op, Op::MemoryCopy { .. } | Op::MemoryFill { .. } | Op::MemoryInit { .. }) {
                self.charge_bytes(&mut f, bytes, units);
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
        Ok(())
    }
}
