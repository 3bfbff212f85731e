//! The house's rules that a compiler does not know.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the project's folder")
}

/// Rust files below a folder, with their text: name relative to the project.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn walk(at: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(at).expect("a folder").flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "no sources in {folder}");
    let name = |p: &Path| p.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
    found.iter().map(|p| (name(p), fs::read_to_string(p).expect("text"))).collect()
}

/// The text before the file's own tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn is_test(name: &str) -> bool {
    let of_tests = ["tests/", "runtime/testkit/", "contracts/sdk/src/testing/"];
    of_tests.iter().any(|f| name.starts_with(f)) || name.contains("/tests/") || name.ends_with("/tests.rs")
}

#[test]
fn nothing_unwraps_outside_tests() {
    for (name, text) in sources(".").into_iter().filter(|(name, _)| !is_test(name)) {
        for (n, line) in without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for bad in [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "panic!("] {
                assert!(!code.contains(bad), "{name}:{}: {bad}", n + 1);
            }
        }
    }
}

#[test]
fn unsafe_stands_in_one_place() {
    for (name, text) in sources(".") {
        // The border of a module, on the guest's side; compiled code from this node's own disk, on the host's.
        let allowed = [
            "contracts/sdk/src/wasm.rs",
            "contracts/sdk/src/lib.rs",
            "runtime/src/cache.rs",
            "tests/tests/tidy.rs",
            "tests/versus/src/main.rs",
            "verifier/wasm/src/lib.rs",
        ];
        // The word alone may be a name that is not free.
        let forms = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe(no_mangle"];
        let uses = text.lines().any(|l| forms.iter().any(|f| l.split("//").next().unwrap_or("").contains(f)));
        assert!(!uses || allowed.contains(&name.as_str()), "{name} has unsafe code");
    }
    let crates = [
        "verifier",
        "proto",
        "clients/rust",
        "node",
        "node/consensus",
        "node/store",
        "tests",
        "tests/simulation",
        "contracts/sdk/build",
    ];
    for krate in crates {
        let lib = fs::read_to_string(root().join(krate).join("src/lib.rs")).expect("a library");
        assert!(lib.contains("#![forbid(unsafe_code)]"), "{krate} does not forbid unsafe code");
    }
    // It has one file that is allowed to.
    let runtime = fs::read_to_string(root().join("runtime/src/lib.rs")).expect("a library");
    assert!(runtime.contains("#![deny(unsafe_code"), "runtime does not deny unsafe code");
}

/// Decision 002: below the gRPC edge there is no clock, task, file or socket but the engine's.
#[test]
fn below_the_edge_everything_comes_from_the_environment() {
    let banned = [
        "SystemTime::now",
        "Instant::now",
        "thread_rng",
        "getrandom",
        "tokio::spawn",
        "tokio::time",
        "tokio::fs",
        "tokio::net",
        "std::thread",
        "sync::watch",
        "HashMap",
        "HashSet",
    ];
    // None decides anything: the key of a folder of compiled code, compiling and the tree beside the blocks.
    let excused = [
        ("runtime/src/cache.rs", "getrandom"),
        ("runtime/src/contracts.rs", "std::thread"),
        ("node/store/src/store.rs", "std::thread"),
        ("node/store/src/tree/replace.rs", "std::thread"),
        ("node/store/src/tree/update.rs", "std::thread"),
    ];
    for folder in ["node/src/core", "runtime/src", "proto/src", "node/store/src", "contracts"] {
        for (name, text) in sources(folder).into_iter().filter(|(name, _)| !is_test(name)) {
            for (n, line) in without_tests(&text).lines().enumerate() {
                let code = line.split("//").next().unwrap_or("");
                for bad in banned.into_iter().filter(|b| !excused.contains(&(name.as_str(), b))) {
                    assert!(!code.contains(bad), "{name}:{}: {bad}", n + 1);
                }
                let is_select = code.contains("select! {");
                assert!(
                    !is_select || text.contains("biased;"),
                    "{name}:{}: a select draws its branch at random unless biased",
                    n + 1
                );
            }
        }
    }
}

/// What decides amounts, fuel or state is no float.
#[test]
fn no_floats_where_state_is_decided() {
    for folder in ["runtime/src", "proto/src", "node/store/src", "node/src/core", "contracts"] {
        for (name, text) in sources(folder).into_iter().filter(|(name, _)| !is_test(name)) {
            for (n, line) in text.lines().enumerate() {
                let code = line.split("//").next().unwrap_or("");
                let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
                let floats = words.any(|w| w == "f32" || w == "f64");
                // Bloom filters take their bits as one.
                assert!(!floats || name.ends_with("columns.rs"), "{name}:{}: a float", n + 1);
            }
        }
    }
}

#[test]
fn files_hold_one_idea() {
    for (name, text) in sources(".") {
        let lines = text.lines().count();
        assert!(lines <= 600, "{name} has {lines} lines");
    }
}

/// Whoever calls a ledger need not build one.
#[test]
fn the_client_depends_on_no_part_of_a_node() {
    let manifest = fs::read_to_string(root().join("clients/rust/Cargo.toml")).expect("a manifest");
    let heavy = ["wasmtime", "rocksdb", "commonware", "stint-node", "stint-runtime", "stint-store", "stint-consensus"];
    for name in heavy {
        assert!(!manifest.contains(name), "clients/rust depends on {name}");
    }
}
