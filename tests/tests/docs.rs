//! The documents say what the code does: the reference is what the code gives, and every step of the
//! tutorial runs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use stint_tests::{Devnet, stint_program};

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

#[test]
fn the_reference_of_the_host_interface_is_the_codes_own() {
    let (path, text) = (document("author/host.md"), stint_runtime::host_reference());
    if env::var_os("STINT_WRITE_DOCS").is_some() {
        fs::write(&path, &text).expect("the document can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{} is not what the code gives; run: STINT_WRITE_DOCS=1 scripts/test docs",
        path.display()
    );
}

/// A step of the tutorial: what is typed, or a file that is changed, and what must be seen.
enum Step {
    Run { line: usize, command: String, shows: Vec<String> },
    Write { path: String, text: String },
}

/// Blocks marked `console` are run line by line behind `$`; the lines below each must be among what
/// it prints, `…` standing for anything. Blocks that name a file (`rust src/lib.rs`) are written.
fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((_, opening)) = lines.next() {
        let Some(kind) = opening.strip_prefix("```").filter(|k| !k.is_empty()) else { continue };
        let block: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, l)| *l != "```").collect();
        match kind.split_once(' ') {
            Some((_, path)) => {
                let text = block.iter().map(|(_, l)| format!("{l}\n")).collect();
                steps.push(Step::Write { path: path.into(), text });
            }
            None if kind == "console" => {
                for (n, line) in block {
                    match (line.strip_prefix("$ "), steps.last_mut()) {
                        (Some(command), _) => {
                            steps.push(Step::Run { line: n + 1, command: command.into(), shows: Vec::new() });
                        }
                        (None, Some(Step::Run { shows, .. })) => shows.push(line.trim().into()),
                        _ => {}
                    }
                }
            }
            None => {}
        }
    }
    steps
}

/// True when the words stand in the text in their order, whatever `…` leaves out between them.
fn shown(text: &str, words: &str) -> bool {
    text.lines().any(|line| {
        let mut rest = line;
        words.split('…').map(str::trim).all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    })
}

#[test]
fn every_step_of_the_tutorial_does_what_it_says() {
    let devnet = Devnet::start(4);
    let text = fs::read_to_string(document("author/tutorial.md")).expect("the tutorial");
    let home = tempfile::tempdir().expect("a folder");
    let mut here = home.path().to_path_buf();
    let programs = stint_program().parent().expect("a folder").to_path_buf();
    let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default());
    let steps = steps(&text);
    assert!(steps.len() > 10, "the tutorial has {} steps", steps.len());
    for step in steps {
        match step {
            Step::Write { path, text } => fs::write(here.join(path), text).expect("a file of the tutorial"),
            Step::Run { command, .. } if command.starts_with("cd ") => here.push(&command[3..]),
            // The devnet of this test stands for the one that the reader starts.
            Step::Run { command, .. } if command.starts_with("stint devnet") => {}
            Step::Run { line, command, shows } => {
                let out = Command::new("bash")
                    .args(["-c", &command])
                    .current_dir(&here)
                    .env("PATH", &path)
                    .env("STINT_DIR", devnet.dir())
                    .env("RUST_BACKTRACE", "0")
                    .env_remove("CARGO_TARGET_DIR")
                    .output()
                    .expect("bash");
                let seen = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
                for words in shows.iter().filter(|w| !w.is_empty()) {
                    assert!(shown(&seen, words), "line {line}: {command}\nshould show: {words}\nshows:\n{seen}");
                }
                // What refuses says so in what it shows.
                let refuses = shows.iter().any(|s| s.contains("stint: "));
                assert_eq!(out.status.success(), !refuses, "line {line}: {command}\n{seen}");
            }
        }
    }
}

/// The Rust of the clients' page stands in its examples, which the tests run.
#[test]
fn the_clients_page_shows_what_the_examples_do() {
    let page = fs::read_to_string(document("clients/README.md")).expect("the page");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/rust/examples");
    let examples: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("an example"))
        .collect();
    let mut shown = 0;
    for block in page.split("```rust\n").skip(1) {
        for line in block.split("```").next().unwrap_or_default().lines() {
            assert!(examples.iter().any(|e| e.contains(line)), "no example has: {line}");
            shown += 1;
        }
    }
    assert!(shown >= 2, "{shown} lines are shown");
}
