//! What authors stand on: the kit that holds for every language, traps that name their line, and
//! tests that run in two worlds.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
};
use stint_node::cli::contract::conform;
use stint_runtime::{Contracts, ContractsOptions};
use stint_testkit::Ledger;
use stint_tests::stint_program;

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts")
}

fn stint(arguments: &[&str]) -> Output {
    let out = Command::new(stint_program())
        .args(arguments)
        .current_dir(contracts())
        .env("RUST_BACKTRACE", "0")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("stint starts");
    let text = String::from_utf8_lossy(&[&out.stdout[..], &out.stderr].concat()).into_owned();
    assert!(out.status.success(), "stint {}: {text}", arguments.join(" "));
    out
}

fn kit() -> Vec<u8> {
    fs::read(contracts().join("conformance/kit.json")).expect("the kit")
}

#[test]
fn the_contract_in_rust_passes_the_kit_and_a_wrong_answer_does_not() {
    let module = fs::read(contracts().join("dist/conformance.wasm")).expect("the module");
    assert!(conform(&kit(), &module).expect("as the kit expects") > 30);
    let wrong = String::from_utf8(kit()).expect("text").replacen(r#""value": "MQ==" } }"#, r#""value": "Mg==" } }"#, 2);
    let difference = conform(wrong.as_bytes(), &module).expect_err("another answer").to_string();
    assert!(difference.contains("expected"), "{difference}");
}

#[test]
fn its_twin_in_c_passes_the_same_kit() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let ran = |command: &mut Command| command.status().map(|s| s.success());
    let source = contracts().join("conformance/c/conformance.c");
    let flags = ["--target=wasm32", "-std=c11", "-Os", "-ffreestanding", "-nostdlib", "-Wall", "-Wextra", "-Werror"];
    let compiled = ran(Command::new("clang")
        .args(flags)
        .args(["-Wno-unused-function", "-c"])
        .arg(source)
        .args(["-o", &at("c.o")]));
    // Once, this test passed wherever there was no clang; scripts/test installs it.
    assert!(compiled.expect("clang; install it"), "it compiles");
    let linked = ["--no-entry", "-z", "stack-size=32768", "--initial-memory=131072", "--strip-all"];
    let linked = ran(Command::new("wasm-ld").args(linked).args([&at("c.o"), "-o", &at("c.wasm")]));
    assert!(linked.expect("wasm-ld; install lld"), "it links");
    pack(&at("c.wasm"), "conformance", &at("packed.wasm"));
    assert!(conform(&kit(), &fs::read(at("packed.wasm")).expect("a module")).expect("as the kit expects") > 30);
}

/// A module with the `.proto` of a service of the kit.
fn pack(module: &str, service: &str, out: &str) {
    let proto = format!("conformance/proto/stint/{service}/v1/{service}.proto");
    stint(&["contract", "pack", module, "--include", "conformance/proto", "--proto", &proto, "--out", out]);
}

#[test]
fn the_kits_rule_is_what_its_text_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let text = fs::read(contracts().join("conformance/echo.wat")).expect("the rule's text");
    fs::write(at("echo.wasm"), wat::parse_bytes(&text).expect("good text")).expect("written");
    pack(&at("echo.wasm"), "echo", &at("packed.wasm"));
    let rule = hex::encode(fs::read(at("packed.wasm")).expect("packed"));
    assert!(String::from_utf8_lossy(&kit()).contains(&format!("\"{rule}\"")), "the kit's rules should be {rule}");
}

#[test]
fn a_trap_names_its_function_its_words_and_its_line_to_the_author() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("development.wasm").display().to_string();
    stint(&["contract", "build", "conformance", "--development", "--out", &out]);
    let module = fs::read(&out).expect("a module");

    // A ledger does not take it.
    let refusal = Ledger::new().try_publish(&module).expect_err("a development build");
    assert!(refusal.message.contains("takes no development builds"), "{refusal}");

    let heard = Arc::new(Mutex::new(String::new()));
    let sink = heard.clone();
    let author: stint_runtime::Author = Arc::new(move |line| sink.lock().expect("one thread").push_str(line));
    let contracts =
        Contracts::with(ContractsOptions { author: Some(author), ..Default::default() }).expect("an engine");
    let mut ledger = Ledger::with(contracts);
    ledger.found("forge", &[("ana", &["steward"])]);
    ledger.deploy("forge", &module);
    let receipt = ledger.call("forge", "ana", "/stint.conformance.v1.Conformance/Trap", b"");
    let refusal = receipt.refusal.expect("refused");
    let source = fs::read_to_string(self::contracts().join("conformance/src/lib.rs")).expect("the source");
    let line = 1 + source.lines().position(|l| l.contains("told to give up")).expect("the line");
    assert_eq!(refusal.rule, "contract-stopped");
    assert!(refusal.message.contains("it panicked"), "{}", refusal.message);
    assert!(refusal.message.contains(&format!("conformance/src/lib.rs:{line})")), "{}", refusal.message);
    assert!(!refusal.message.contains("unreachable"), "{}", refusal.message);
    let heard = heard.lock().expect("one thread");
    assert!(heard.contains("told to give up") && heard.contains(&format!("conformance/src/lib.rs:{line}")), "{heard}");
}

#[test]
fn a_contracts_tests_run_natively_and_on_the_runtime_with_the_same_answers() {
    let out = stint(&["contract", "test", "conformance"]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("5 passed") && text.contains("with the same answers"), "{text}");
}

#[test]
fn upgrades_and_rules_run_natively_and_on_the_runtime_with_the_same_answers() {
    let with = ["--with", "conformance/before", "--with", "conformance/rule"];
    let out = stint(&[&["contract", "test", "conformance/after"], &with[..]].concat());
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("5 passed") && text.contains("every step also ran"), "{text}");
}

/// The SDK travels alone with each contract, so it cannot take the ledger's limits from where they stand.
#[test]
fn the_test_worlds_limits_are_the_ledgers() {
    use stint_proto::limits as ledger;
    use stint_sdk::testing::limits as world;
    assert_eq!(
        [
            (world::KEY_BYTES, ledger::KEY_BYTES),
            (world::VALUE_BYTES, ledger::VALUE_BYTES),
            (world::EVENT_BYTES, ledger::EVENT_BYTES),
            (world::EVENTS, ledger::EVENTS),
            (world::REQUEST_BYTES, ledger::REQUEST_BYTES),
            (world::RESPONSE_BYTES, ledger::RESPONSE_BYTES),
            (world::PAGE_ROWS, ledger::PAGE_ROWS),
            (world::METHOD_BYTES, ledger::METHOD_BYTES),
            (world::COMMONS_BYTES, ledger::COMMONS_BYTES),
            (world::CALL_DEPTH, ledger::CALL_DEPTH),
            (world::NAME_BYTES, ledger::NAME_BYTES),
            (world::MESSAGE_BYTES, ledger::MESSAGE_BYTES),
            (world::DETAILS, ledger::DETAILS),
            (world::DETAIL_BYTES, ledger::DETAIL_BYTES),
            (world::CLEANED_KEYS, ledger::CLEANED_KEYS),
        ]
        .map(|(world, ledger)| world.abs_diff(ledger)),
        [0; 15]
    );
}

/// Once, an author was given the newest compiler, whichever one a module named.
#[test]
fn the_compiler_that_a_module_names_is_chosen_among_those_that_are_here() {
    let home = tempfile::tempdir().expect("a folder");
    for version in ["1.85.0+dfsg3-1~deb12u3", "1.96.0+dfsg1-1~deb12u2"] {
        let folder = home.path().join(version);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(".done"), "").expect("written");
        let program = format!("#!/bin/sh\necho rustc {}\n", version.split('+').next().expect("a version"));
        fs::write(folder.join("rustc"), program).expect("written");
        assert!(Command::new("chmod").arg("+x").arg(folder.join("rustc")).status().expect("chmod").success());
    }
    let chosen = |asked: &[&str], version: &str| {
        let out = Command::new("bash")
            .arg(contracts().join("../scripts/wasm-toolchain"))
            .args(asked)
            .env("STINT_WASM_MODE", "debian")
            .env("STINT_WASM_HOME", home.path())
            .env("STINT_WASM_VERSION", version)
            .output()
            .expect("bash");
        let said = String::from_utf8_lossy(&[&out.stdout[..], &out.stderr].concat()).into_owned();
        said.lines().find_map(|l| l.strip_prefix("export STINT_WASM_RUSTC='")).unwrap_or(&said).to_string()
    };
    assert_eq!(chosen(&[], ""), "rustc 1.96.0'");
    assert_eq!(chosen(&["--version", "1.85.0"], ""), "rustc 1.85.0'");
    assert_eq!(chosen(&[], "1.85.0"), "rustc 1.85.0'");
}

/// Once, a folder with a space in its name could not be built in, and a profile in the author's
/// environment gave other bytes.
#[test]
fn a_build_gives_the_same_bytes_in_another_folder_and_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("else where/contracts");
    fs::create_dir_all(there.parent().expect("a folder")).expect("a folder");
    assert!(Command::new("cp").arg("-r").arg(contracts()).arg(&there).status().expect("cp").success());
    let out = folder.path().join("built.wasm").display().to_string();
    let built = Command::new(stint_program())
        .args(["contract", "build", &there.join("conformance").display().to_string(), "--out", &out])
        .envs([("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"), ("RUSTFLAGS", "-Cdebuginfo=2")])
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("stint starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let toolchain = |module: &[u8]| stint_runtime::check(module).expect("a module").meta.compiler;
    let (built, committed) =
        (fs::read(&out).expect("built"), fs::read(contracts().join("dist/conformance.wasm")).expect("committed"));
    if toolchain(&built) != toolchain(&committed) {
        eprintln!("skipped: another compiler than {}", toolchain(&committed));
        return;
    }
    assert!(built == committed, "the same sources gave other bytes in another folder");
}
