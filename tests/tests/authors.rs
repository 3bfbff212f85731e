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
    if compiled.is_err() {
        eprintln!("skipped: there is no clang here");
        return;
    }
    assert!(compiled.expect("clang"), "it compiles");
    let linked = ["--no-entry", "-z", "stack-size=32768", "--initial-memory=131072", "--strip-all"];
    let linked = ran(Command::new("wasm-ld").args(linked).args([&at("c.o"), "-o", &at("c.wasm")]));
    assert!(linked.expect("wasm-ld; install lld"), "it links");
    let proto = "conformance/proto/stint/conformance/v1/conformance.proto";
    stint(&[
        "contract",
        "pack",
        &at("c.wasm"),
        "--include",
        "conformance/proto",
        "--proto",
        proto,
        "--out",
        &at("packed.wasm"),
    ]);
    assert!(conform(&kit(), &fs::read(at("packed.wasm")).expect("a module")).expect("as the kit expects") > 30);
}

#[test]
fn a_trap_names_its_function_its_words_and_its_line_to_the_author() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("development.wasm").display().to_string();
    stint(&["contract", "build", "--path", "conformance", "--development", "--out", &out]);
    let module = fs::read(&out).expect("a module");

    // A ledger does not take it.
    let refusal = Ledger::new().try_publish(&module).expect_err("a development build");
    assert!(
        refusal.message.contains("log is for development") || refusal.message.contains("bytes; the limit"),
        "{refusal}"
    );

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
    let out = stint(&["contract", "test", "--path", "conformance"]);
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(text.contains("4 passed") && text.contains("with the same answers"), "{text}");
}

#[test]
fn a_build_gives_the_same_bytes_in_another_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = folder.path().join("elsewhere/contracts");
    fs::create_dir_all(there.parent().expect("a folder")).expect("a folder");
    assert!(Command::new("cp").arg("-r").arg(contracts()).arg(&there).status().expect("cp").success());
    let out = folder.path().join("built.wasm").display().to_string();
    let path = there.join("conformance").display().to_string();
    stint(&["contract", "build", "--path", &path, "--out", &out]);
    let toolchain = |module: &[u8]| stint_runtime::check(module).expect("a module").meta.compiler;
    let (built, committed) =
        (fs::read(&out).expect("built"), fs::read(contracts().join("dist/conformance.wasm")).expect("committed"));
    if toolchain(&built) != toolchain(&committed) {
        eprintln!("skipped: another compiler than {}", toolchain(&committed));
        return;
    }
    assert!(built == committed, "the same sources gave other bytes in another folder");
}
