use crate::{
    abi::{self, HOST, HostFunction, IMPORT_MODULE, price},
    meter::STACK_SLOTS,
};
use stint_proto::limits::{
    BLOCK_FUEL, CALL_DEPTH, CALL_FUEL, COMMAND_MEMORY_BYTES, MEMORY_BYTES, MODULE_BYTES, QUERY_FUEL,
};

/// `docs/author/host.md`: the whole host interface, from the code that implements it.
pub fn host_reference() -> String {
    let mut out = format!(
        "# The host interface `{IMPORT_MODULE}`\n\n\
        <!-- Written from runtime/src/abi.rs by `STINT_WRITE_DOCS=1 scripts/test docs`; do not edit. -->\n\n\
        A contract is a core WebAssembly module of at most {MODULE_BYTES} bytes, in any language. Messages are protobuf. \
        Floats, threads, SIMD, several results, start functions and imports that are not listed here are refused at upload.\n\n\
        ## What a module exports\n\n\
        | export | type | meaning |\n|---|---|---|\n\
        | `memory` | memory, at most {} pages of 64 kB; {} in a query | what the host reads and writes |\n",
        COMMAND_MEMORY_BYTES >> 16,
        MEMORY_BYTES >> 16
    );
    let exports = [
        (abi::EXPORTS[0], "hands out this many bytes; an instance serves one call, so nothing is ever given back"),
        (
            abi::EXPORTS[1],
            "runs a method by its number in the service, from 0, on a request at an address with a size; answers *packed*",
        ),
        (
            abi::MIGRATE_EXPORT,
            "may be left out; is given a `stint.v1.MigrationRequest`, answers with a packed `stint.v1.MigrationResponse`",
        ),
    ];
    for ((name, parameters, results), meaning) in exports {
        out += &format!("| `{name}` | `{}` | {meaning} |\n", signature(parameters, results));
    }
    out += "\n*Packed* is `address << 32 | size` of bytes in the module's memory. In an answer of `stint_call` and \
        `stint_migrate` the highest bit says that these bytes are a `stint.v1.Refusal`; in an answer of the host, -1 \
        says that there is nothing. The host writes its answers where `stint_alloc` says.\n\n\
        Two custom sections travel in the module: `stint.descriptor`, the encoded `FileDescriptorSet` of its service \
        (needed), and `stint.state`, what it keeps, one `name: Type` a line (for tools). `stint contract build` adds \
        `stint.meta`, a `stint.v1.ModuleMeta`. The messages are in `proto/stint/v1/contract.proto`.\n\n\
        ## What it may import\n\n";
    for f in &HOST {
        out += &function(f);
    }
    out + &format!(
        "## Fuel\n\n\
        One simple instruction is one unit; a load {}, a store {}, a call 5, a division 10; `memory.copy`, `fill` and `init` \
        10 and one for every eight bytes; `memory.grow` 1,000 and {} for every page. It is counted in the \
        module's own bytecode, so no engine and no setting changes it. Every call first pays {} for a fresh instance, \
        {} for each page of its memory beyond the first {}, a quarter of a unit for each byte of its data and one for \
        each element of its table. A command pays {} for each byte of its answer, a query {}.\n\n\
        | limit | |\n|---|---|\n| a call | {CALL_FUEL} |\n| all calls of a block | {BLOCK_FUEL} |\n| a query | {QUERY_FUEL} |\n\
        | calls in one another | {CALL_DEPTH} |\n| stack, slots of 8 bytes, of a call and all calls under it | {STACK_SLOTS} |\n\n\
        A call that traps, breaks a rule of this page, or runs out of fuel burns all that it was given, and is \
        refused; nothing of it remains. `scripts/bench --only fuel` measures what a unit buys.\n",
        crate::meter::LOAD_PRICE,
        crate::meter::STORE_PRICE,
        price::PAGE,
        price::INVOKE,
        price::PAGE,
        price::FREE_PAGES,
        price::KEPT_BYTE,
        price::BYTE,
    )
}

fn function(f: &HostFunction) -> String {
    let arguments: Vec<_> = f.arguments.iter().zip(f.parameters).map(|(a, t)| format!("{a}: {t}")).collect();
    let result = f.results.first().map(|r| format!(" -> {r}")).unwrap_or_default();
    let each: String = f.price_each.iter().map(|(n, what)| format!(" + {n} a {what}")).collect();
    let only = if f.development {
        "\n\nOnly where contracts are developed; a ledger refuses a module that imports it."
    } else {
        ""
    };
    format!(
        "### `{}({}){result}`\n\n{}{only}\n\n- fuel: {}{each}\n- ends the call: addresses outside the memory{}\n\n",
        f.name,
        arguments.join(", "),
        f.meaning,
        f.price,
        if f.ends.is_empty() { String::new() } else { format!("; {}", f.ends) },
    )
}

fn signature(parameters: &[wasmparser::ValType], results: &[wasmparser::ValType]) -> String {
    let list = |types: &[wasmparser::ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("({}) -> {}", list(parameters), list(results))
}
