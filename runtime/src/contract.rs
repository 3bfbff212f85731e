use crate::{
    Checked, Descriptor,
    abi::{self, price},
    contracts::Inner,
    host::Host,
    lines::Lines,
    meter::{instrument, instrument_with_places},
};
use wasmtime::{InstancePre, Module, ModuleExport};

const PAGE_BYTES: usize = 64 * 1024;
/// The least that a system maps at once.
const MAPPED_BYTES: usize = 4096;

/// A compiled contract, ready to be called.
pub struct Contract {
    /// Its service and methods.
    pub descriptor: Descriptor,
    /// True when it imports nothing: its answers depend on nothing but the request.
    pub pure: bool,
    /// Fuel of a fresh instance, which every call pays first.
    pub entry_fuel: u64,
    /// Memory of a fresh instance.
    pub(crate) memory_bytes: usize,
    pub(crate) pre: InstancePre<Host>,
    pub(crate) exports: ExportPlaces,
    /// Where its code comes from, for its author.
    pub(crate) lines: Option<Lines>,
}

/// Exports by their places: a look-up by name would cost more than a small call.
pub(crate) struct ExportPlaces {
    pub memory: ModuleExport,
    pub alloc: ModuleExport,
    pub call: ModuleExport,
    pub migrate: Option<ModuleExport>,
    pub fuel: ModuleExport,
    pub depth: ModuleExport,
}

impl Contract {
    /// True when it brings the state of an older version over.
    pub fn migrates(&self) -> bool {
        self.exports.migrate.is_some()
    }

    pub(crate) fn compile(inner: &Inner, wasm: &[u8], checked: &Checked) -> Result<Contract, String> {
        let failed = |e: wasmtime::Error| format!("{e:#}");
        if !inner.explains() {
            let module = Module::new(&inner.engine, instrument(wasm, checked)?).map_err(failed)?;
            return Contract::link(inner, module, checked);
        }
        let (metered, places) = instrument_with_places(wasm, checked)?;
        let module = Module::new(&inner.engine, &metered).map_err(failed)?;
        let mut contract = Contract::link(inner, module, checked)?;
        contract.lines = Some(Lines::new(wasm, &metered, places)?);
        Ok(contract)
    }

    pub(crate) fn link(inner: &Inner, module: Module, checked: &Checked) -> Result<Contract, String> {
        let export = |name: &str| module.get_export_index(name).ok_or(format!("no export {name}"));
        // Else the first call would wait for these: its memory's image, and its code's pages where they are mapped.
        module.initialize_copy_on_write_image().map_err(|e| format!("{e:#}"))?;
        std::hint::black_box(module.text().iter().step_by(MAPPED_BYTES).fold(0u8, |all, byte| all ^ byte));
        Ok(Contract {
            descriptor: checked.descriptor.clone(),
            pure: checked.pure,
            entry_fuel: entry_fuel(checked),
            memory_bytes: checked.memory_pages as usize * PAGE_BYTES,
            exports: ExportPlaces {
                memory: export("memory")?,
                alloc: export(abi::EXPORTS[0].0)?,
                call: export(abi::EXPORTS[1].0)?,
                migrate: module.get_export_index(abi::MIGRATE_EXPORT.0),
                fuel: export(abi::FUEL_GLOBAL)?,
                depth: export(abi::DEPTH_GLOBAL)?,
            },
            pre: inner.linker.instantiate_pre(&module).map_err(|e| format!("{e:#}"))?,
            lines: None,
        })
    }
}

/// What a fresh instance costs: its memory is mapped, its data and table are copied into it.
fn entry_fuel(checked: &Checked) -> u64 {
    let pages = checked.memory_pages.saturating_sub(price::FREE_PAGES);
    price::INVOKE + price::PAGE * pages + checked.data_bytes / 4 + price::TABLE_ELEMENT * checked.table_elements
}
