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

/// The version of this pass: what it makes of a module, with its prices. Compiled code of another
/// version is made anew; a test sees to it that the number changes with the pass.
pub(crate) const METER_VERSION: u32 = 1;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Once, code that an older pass had metered would have run from a node's folder after the pass
    /// was changed. Whoever sees this fail raises [`METER_VERSION`].
    #[test]
    fn another_pass_has_another_version() {
        let each = |ops: &[&str], ty: &str, operands: usize| -> String {
            let operands = format!("({ty}.const 8)").repeat(operands);
            ops.iter().map(|op| format!("({ty}.{op} {operands}) drop ")).collect()
        };
        let binary = [
            "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl", "shr_s", "shr_u",
            "rotl", "rotr", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u",
        ];
        let unary = ["clz", "ctz", "popcnt", "eqz", "extend8_s", "extend16_s"];
        let small = ["8_s", "8_u", "16_s", "16_u"].map(|size| format!("(i32.load{size} (i32.const 8)) drop "));
        let large = ["", "8_s", "8_u", "16_s", "16_u", "32_s", "32_u"];
        let large = large.map(|size| format!("(i64.load{size} (i32.const 8)) drop "));
        let stores =
            ["i32.store8", "i32.store16", "i32.store", "i64.store8", "i64.store16", "i64.store32", "i64.store"];
        let stores = stores.map(|s| format!("({s} (i32.const 8) ({}.const 8))", &s[..3]));
        let arithmetic: String = ["i32", "i64"].map(|ty| each(&binary, ty, 2) + &each(&unary, ty, 1)).concat();
        let text = format!(
            r#"(module (memory (export "memory") 1) (global (mut i32) (i32.const 0)) (table 1 funcref) (data "abc")
            (func $f (param i32) (result i32) (local.get 0))
            (func (export "stint_alloc") (param i32) (result i32) (call $f (local.get 0)))
            (func (export "stint_call") (param i32 i32 i32) (result i64) (local i64)
                {arithmetic} {} {} {} (i32.load (i32.const 8)) drop
                (block (loop (br_if 1 (local.get 0)) (if (local.get 1) (then nop) (else (br 1))) (br_table 0 1 (local.get 2))))
                (global.set 0 (call_indirect (param i32) (result i32) (global.get 0) (i32.const 0)))
                (memory.fill (i32.const 0) (i32.const 0) (i32.const 9)) (memory.copy (i32.const 0) (i32.const 8) (i32.const 9))
                (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop 0)
                (drop (memory.grow (memory.size)))
                (local.set 3 (select (i64.extend_i32_u (local.tee 0 (i32.wrap_i64 (local.get 3)))) (i64.const 1) (local.get 0)))
                (if (local.get 0) (then unreachable)) (return (local.get 3))))"#,
            small.concat(),
            large.concat(),
            stores.concat()
        );
        let set = prost_types::FileDescriptorSet {
            file: vec![prost_types::FileDescriptorProto {
                package: Some("a".into()),
                message_type: vec![prost_types::DescriptorProto { name: Some("M".into()), ..Default::default() }],
                service: vec![prost_types::ServiceDescriptorProto {
                    name: Some("S".into()),
                    method: vec![prost_types::MethodDescriptorProto {
                        name: Some("D".into()),
                        input_type: Some(".a.M".into()),
                        output_type: Some(".a.M".into()),
                        ..Default::default()
                    }],
                    ..Default::default()
                }],
                ..Default::default()
            }],
        };
        let mut module = wat::parse_str(text).unwrap();
        use wasm_encoder::Section;
        let data = prost::Message::encode_to_vec(&set);
        let section = wasm_encoder::CustomSection { name: abi::DESCRIPTOR_SECTION.into(), data: data.into() };
        section.append_to(&mut module);
        let metered = instrument(&module, &crate::check(&module).unwrap()).unwrap();
        let slots = format!("{STACK_SLOTS} {metered:?}");
        let seen = (METER_VERSION, stint_proto::hash_parts(&[slots.as_bytes()]).to_string());
        assert_eq!(
            seen,
            (1, "a5c14bf20badec6e4b6372b33161f8dc25724ab62e4cf1f75d3e0e49787fe1b1".to_string()),
            "the pass changed: raise METER_VERSION, and this"
        );
    }
}
