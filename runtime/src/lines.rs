//! From a trap back to the author's lines: the metering pass moved every instruction, so places are
//! first led back to the module as it was built, and then through its debug information.

use addr2line::{Context, gimli};
use std::sync::Arc;
use wasmparser::{Parser, Payload};
use wasmtime::{Trap, WasmBacktrace};

type Bytes<'a> = gimli::EndianSlice<'a, gimli::LittleEndian>;

/// Frames that a message names.
const FRAMES: usize = 24;

/// What stands between a panic and the line that caused it.
const MACHINERY: [&str; 8] = [
    "core::panicking",
    "core::option",
    "core::result",
    "std::panicking",
    "std::sys",
    "std::process",
    "rust_panic",
    "__rust",
];

/// Where a development build's instructions come from.
pub(crate) struct Lines {
    wasm: Arc<[u8]>,
    /// Start of the code section's content, from which debug information counts.
    code_start: u64,
    /// Start of every metered body, in the metered module.
    metered_bodies: Vec<u64>,
    /// For every function: (offset in the metered body, offset in the module as built), ascending.
    places: Vec<Vec<(u32, u32)>>,
    imported: u32,
}

impl Lines {
    pub fn new(wasm: &[u8], metered: &[u8], places: Vec<Vec<(u32, u32)>>) -> Result<Lines, String> {
        let mut lines = Lines { wasm: wasm.into(), code_start: 0, metered_bodies: Vec::new(), places, imported: 0 };
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(|e| e.to_string())? {
                Payload::CodeSectionStart { range, .. } => lines.code_start = range.start as u64,
                Payload::ImportSection(r) => lines.imported = r.into_imports().count() as u32,
                _ => {}
            }
        }
        for payload in Parser::new(0).parse_all(metered) {
            if let Payload::CodeSectionEntry(body) = payload.map_err(|e| e.to_string())? {
                lines.metered_bodies.push(body.range().start as u64);
            }
        }
        Ok(lines)
    }

    /// What happened, and the stack, the innermost function first.
    pub fn explain(&self, trap: Trap, error: &wasmtime::Error) -> String {
        let mut text = match trap {
            Trap::UnreachableCodeReached => "it panicked, or its recursion ran out of stack".to_string(),
            Trap::MemoryOutOfBounds => "it reached outside its memory".to_string(),
            Trap::StackOverflow => "its recursion ran out of stack".to_string(),
            Trap::IntegerDivisionByZero => "it divided by zero".to_string(),
            other => format!("{other}"),
        };
        let Some(stack) = error.downcast_ref::<WasmBacktrace>() else { return text };
        let dwarf = self.dwarf();
        let mut frames = 0;
        for frame in stack.frames() {
            let named = frame.func_name().map(|n| short(&addr2line::demangle_auto(n.into(), None)));
            let name = named.unwrap_or_else(|| format!("function {}", frame.func_index()));
            let place = frame.module_offset().and_then(|at| self.original(frame.func_index(), at as u64));
            let located = place.zip(dwarf.as_ref()).map(|(at, d)| locate(d, at)).unwrap_or_default();
            for line in if located.is_empty() { vec![name] } else { located } {
                if frames < FRAMES && !MACHINERY.iter().any(|m| line.starts_with(m)) {
                    text.push_str("\n  at ");
                    text.push_str(&line);
                    frames += 1;
                }
            }
        }
        text
    }

    /// The place in the module as built that a place in the metered one stands for.
    fn original(&self, function: u32, metered: u64) -> Option<u64> {
        let n = function.checked_sub(self.imported)? as usize;
        let offset = u32::try_from(metered.checked_sub(*self.metered_bodies.get(n)?)?).ok()?;
        let places = self.places.get(n)?;
        let next = places.partition_point(|(m, _)| *m <= offset);
        Some(u64::from(places.get(next.checked_sub(1)?)?.1) - self.code_start)
    }

    fn dwarf(&self) -> Option<Context<Bytes<'_>>> {
        let section = |id: gimli::SectionId| -> Result<_, gimli::Error> {
            let custom = Parser::new(0).parse_all(&self.wasm).flatten().find_map(|payload| match payload {
                Payload::CustomSection(s) if s.name() == id.name() => Some(s.data()),
                _ => None,
            });
            Ok(Bytes::new(custom.unwrap_or_default(), gimli::LittleEndian))
        };
        Context::from_dwarf(gimli::Dwarf::load(section).ok()?).ok()
    }
}

/// Functions and lines at a place, inlined ones first.
fn locate(dwarf: &Context<Bytes<'_>>, at: u64) -> Vec<String> {
    let mut out = Vec::new();
    let Ok(mut frames) = dwarf.find_frames(at).skip_all_loads() else { return out };
    while let Ok(Some(frame)) = frames.next() {
        let name = frame.function.as_ref().and_then(|f| f.demangle().ok().map(|n| n.into_owned()));
        let name = name.unwrap_or_else(|| "?".into());
        let name = short(&name);
        out.push(match frame.location {
            Some(l) => format!("{name} ({}:{})", l.file.unwrap_or("?"), l.line.unwrap_or(0)),
            None => name,
        });
    }
    out
}

/// A name without the hash behind it, which says nothing to a person.
fn short(name: &str) -> String {
    name.rsplit_once("::h").filter(|(_, h)| h.len() == 16).map_or(name, |(n, _)| n).to_string()
}
