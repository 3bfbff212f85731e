//! Every class of instruction and every host function, as a contract that does nothing else.

/// One class: its name, its code, and what its module and its state have beside the usual.
#[derive(Clone)]
pub struct Case {
    pub name: &'static str,
    /// What is done over and over. `$i` counts the rounds, `$x` and `$y` are 64-bit variables.
    round: String,
    /// Done once before.
    before: String,
    /// Beside the module's functions.
    extra: String,
    /// Memory in pages of 64 kB.
    pages: u32,
    /// Rounds; 0 runs until the fuel ends.
    rounds: u32,
    /// Bytes of its answer.
    answer: u32,
    /// What it finds in the state: entries under four bytes each, numbers from 0, and the bytes of a value.
    pub kept: (u32, usize),
    /// A block later all but every so-manieth were deleted; 0 for none.
    pub gone: u32,
    /// Keeping what it wrote counts, too.
    pub commits: bool,
    /// The commons that acts through it, or just any.
    pub acts: bool,
}

fn case(name: &'static str, round: impl Into<String>) -> Case {
    Case {
        name,
        round: round.into(),
        before: String::new(),
        extra: String::new(),
        pages: 2,
        rounds: 20_000,
        answer: 0,
        kept: (0, 0),
        gone: 0,
        commits: false,
        acts: false,
    }
}

/// The same instruction many times in one round, so that the loop around it weighs little.
fn often(name: &'static str, instruction: &str) -> Case {
    case(name, instruction.repeat(64))
}

/// All of them.
pub fn cases() -> Vec<Case> {
    [usual(), memories(), calls(), kept()].concat()
}

fn usual() -> Vec<Case> {
    let mut all = vec![
        often("add, xor", "(local.set $x (i64.xor (i64.add (local.get $x) (local.get $y)) (i64.const 77)))"),
        often("multiply", "(local.set $x (i64.mul (local.get $x) (local.get $y)))"),
        often("divide", "(local.set $x (i64.div_u (local.get $x) (local.get $y)))"),
        often("divide, large", "(local.set $x (i64.div_s (i64.const -0x7123456789abcdef) (i64.or (local.get $x) (i64.const 3))))"),
        often("remainder", "(local.set $x (i64.rem_u (i64.const 0x7123456789abcdef) (i64.or (local.get $x) (i64.const 3))))"),
        often("shift, rotate", "(local.set $x (i64.rotl (local.get $x) (i64.shr_u (local.get $x) (local.get $y))))"),
        often("count bits", "(local.set $x (i64.add (i64.popcnt (local.get $x)) (i64.clz (local.get $y))))"),
        often("compare, select", "(local.set $x (select (local.get $x) (local.get $y) (i64.lt_s (local.get $x) (local.get $y))))"),
        often("global", "(global.set $g (i64.add (global.get $g) (local.get $x)))"),
        often("load", "(local.set $x (i64.load (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 0x7ff8))))"),
        often("store", "(i64.store (i32.and (local.tee $a (i32.add (local.get $a) (i32.const 8))) (i32.const 0x7ff8)) (local.get $x))"),
        often("branch, taken or not", "(if (i32.and (i32.wrap_i64 (local.get $x)) (i32.const 1)) (then (local.set $x (i64.mul (local.get $x) (i64.const 0x5851f42d4c957f2d)))) (else (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 0x5851f42d4c957f2d)) (i64.const 3)))))"),
        often("call", "(call $nothing)"),
        often("call by table", "(call_indirect (type $void) (i32.and (local.get $i) (i32.const 0)))"),
        case("branch table", "(block (block (block (block (br_table 0 1 2 3 (i32.and (i32.wrap_i64 (i64.shr_u (local.tee $x (i64.add (i64.mul (local.get $x) (i64.const 0x5851f42d4c957f2d)) (i64.const 3))) (i64.const 40))) (i32.const 3)))))))".repeat(16)),
        case("fill memory", "(memory.fill (i32.const 0) (i32.const 7) (i32.const 65536))"),
        case("fill 1 byte", "(memory.fill (i32.const 0) (i32.const 7) (i32.const 1))".repeat(16)),
        case("copy memory", "(memory.copy (i32.const 0) (i32.const 65536) (i32.const 65536))"),
        case("copy 1 byte", "(memory.copy (i32.const 0) (i32.const 64) (i32.const 1))".repeat(16)),
        case("get", "(drop (call $get (i32.const 0) (i32.const 8)))"),
        case("get, absent", "(i32.store (i32.const 32) (local.get $i)) (drop (call $get (i32.const 32) (i32.const 4)))"),
        case("put, one key", "(call $put (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 8))"),
        case("put, new keys", "(i32.store (i32.const 32) (local.get $i)) (call $put (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 8))"),
        case("put, 64 kB", "(call $put (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 65536))"),
        case("delete", "(i32.store (i32.const 32) (local.get $i)) (call $delete (i32.const 32) (i32.const 4))"),
        case("scan, 1 of 1,000", "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)))"),
        case("has_role", "(drop (call $has_role (i32.const 0) (i32.const 8)))"),
        case("fuel", "(drop (call $fuel))"),
        case("sha256, 32 bytes", "(call $sha256 (i32.const 0) (i32.const 32) (i32.const 64))"),
        case("sha256, 64 kB", "(call $sha256 (i32.const 0) (i32.const 65536) (i32.const 64))"),
        case("ed25519, 32 bytes", "(drop (call $verify (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 32)))"),
    ];
    all.push(Case {
        before: "(call $signature)".into(),
        ..case(
            "ed25519, a good signature",
            "(drop (call $verify (i32.const 0) (i32.const 32) (i32.const 96) (i32.const 0)))",
        )
    });
    for (name, rounds) in [("context", 4_000), ("get, 4 kB", 200)] {
        let round =
            if name == "context" { "(drop (call $context))" } else { "(drop (call $get (i32.const 8) (i32.const 8)))" };
        all.push(Case {
            rounds,
            before: "(call $put (i32.const 8) (i32.const 8) (i32.const 0) (i32.const 4096))".into(),
            ..case(name, round)
        });
    }
    all.push(Case {
        rounds: 60,
        before: "(local.set $i (i32.const 1000)) (loop (i32.store (i32.const 32) (local.get $i)) (call $put (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 8)) (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))".into(),
        ..case("scan, 1,000 keys", "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 0)))")
    });
    all.push(Case {
        rounds: 60,
        before: "(local.set $i (i32.const 1000)) (loop (i32.store (i32.const 32) (local.get $i)) (call $delete (i32.const 32) (i32.const 4)) (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))".into(),
        ..case("scan over 1,000 deleted keys", "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 0)))")
    });
    all.push(Case {
        rounds: 60,
        ..case("emit, 16 kB", "(call $emit (i32.const 0) (i32.const 8) (i32.const 0) (i32.const 16384))")
    });
    all.push(Case { rounds: 300, ..case("call an empty contract", "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 528) (i32.const 16) (i32.const 0) (i32.const 0) (i64.const 0)))") });
    all.push(Case { rounds: 30, ..case("call one with 4 MB", "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 544) (i32.const 14) (i32.const 0) (i32.const 0) (i64.const 0)))") });
    all.push(Case { rounds: 300, ..case("a refused call", "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 560) (i32.const 15) (i32.const 0) (i32.const 0) (i64.const 0)))") });
    // A first touch of every page of the largest memory.
    let touch = "(i64.store (i32.mul (local.get $i) (i32.const 4096)) (local.get $x))";
    all.push(Case { pages: 64, rounds: 1023, ..case("touch 4 MB, given", touch) });
    all.push(Case {
        rounds: 1000,
        before: "(drop (memory.grow (i32.const 62)))".into(),
        ..case("touch 4 MB, grown", touch)
    });
    // Every store lands somewhere else in 4 MB.
    let scatter = "(i64.store (i32.and (local.tee $a (i32.add (i32.mul (local.get $a) (i32.const 0x19660d)) (i32.const 0x3c6ef35f))) (i32.const 0x3ffff8)) (local.get $x))".repeat(16);
    all.push(Case { pages: 64, rounds: 60_000, ..case("scatter through 4 MB", scatter) });
    all.push(Case { rounds: 60, ..case("call one that touches 256 kB", "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 576) (i32.const 14) (i32.const 0) (i32.const 0) (i64.const 0)))") });
    // Every load leads to the next one, somewhere in memory that no near cache holds.
    for (name, pages, cells) in [("chase through 1 MB", 16, 1 << 14), ("chase through 4 MB", 64, 1 << 16)] {
        let at = |n: &str| {
            format!("(i32.shl (i32.and (i32.mul {n} (i32.const 0x9e3779b1)) (i32.const {})) (i32.const 6))", cells - 1)
        };
        let link = format!(
            "(local.set $i (i32.const {cells})) (loop (i32.store {} {})
            (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))",
            at("(local.get $i)"),
            at("(i32.sub (local.get $i) (i32.const 1))")
        );
        let chase = "(local.set $a (i32.load (local.get $a)))".repeat(64);
        all.push(Case { pages, rounds: 20_000, before: link, ..case(name, chase) });
    }
    all
}

/// Bulk memory, tables and growth.
fn memories() -> Vec<Case> {
    let with = |extra: &str, pages: u32, rounds: u32, c: Case| Case { extra: extra.into(), pages, rounds, ..c };
    let passive = format!("(data $d \"{}\")", "x".repeat(60_000));
    vec![
        with(
            &passive,
            2,
            20_000,
            case("memory.init, 60 kB", "(memory.init $d (i32.const 1024) (i32.const 0) (i32.const 60000))"),
        ),
        with(
            &passive,
            2,
            20_000,
            case("memory.init, 1 byte", "(memory.init $d (i32.const 0) (i32.const 7) (i32.const 1))".repeat(16)),
        ),
        with("", 2, 20_000, case("memory.grow by nothing", "(drop (memory.grow (i32.const 0)))".repeat(16))),
        with("", 2, 60, case("memory.grow by a page", "(drop (memory.grow (i32.const 1)))")),
        with("", 2, 20_000, case("memory.size", "(local.set $a (i32.add (local.get $a) (memory.size)))".repeat(64))),
        // Every slot of the largest table is touched for the first time in its instance.
        calls_of("call one that calls 9,900 functions by its table", "/bench.v1.Slots/Do", 100),
        calls_of("call one with a table of 9,900", "/bench.v1.Table/Do", 1_000),
        calls_of("call one that grows to 4 MB", "/bench.v1.Grow/Do", 20),
        calls_of("call one that reads its 900 kB of data", "/bench.v1.Data/Do", 60),
    ]
}

/// Calls of others, and what they answer.
fn calls() -> Vec<Case> {
    let rule = |name, at: u32| {
        let round = format!(
            "(drop (call $rule (i32.const {at}) (i32.const 592) (i32.const 2) (i32.const 0) (i32.const 0) (i64.const 0)))"
        );
        Case { rounds: 300, ..case(name, round) }
    };
    let act = "(drop (call $act (i32.const 0) (i32.const 0) (i32.const 528) (i32.const 16) (i32.const 0) (i32.const 0) (i64.const 0)))";
    vec![
        Case { answer: 1 << 20, pages: 17, rounds: 1, ..case("answer 1 MB", "") },
        Case { pages: 18, ..calls_of("call one that answers 1 MB", "/bench.v1.Large/Ask", 40) },
        rule("ask an empty rule", 640 + 128),
        rule("ask a rule that nobody published", 0),
        Case { acts: true, rounds: 64, ..case("act by an empty contract", act) },
        Case {
            rounds: 64,
            ..case("emit, 1 byte", "(call $emit (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1))")
        },
    ]
}

/// What lies in the state before: read, scanned, overwritten and deleted.
fn kept() -> Vec<Case> {
    const MANY: (u32, usize) = (1 << 16, 100);
    const LARGE: (u32, usize) = (512, 65_536);
    // One of the kept, or of as many that are not, in no order.
    let one_of = |n: u32, plus: u32| {
        format!(
            "(i32.store (i32.const 32) (i32.add (i32.const {plus}) (i32.and (i32.mul (local.get $i) (i32.const 0x9e3779b1)) (i32.const {}))))",
            n - 1
        )
    };
    let get = |name, kept: (u32, usize), plus, rounds| Case {
        kept,
        rounds,
        pages: 4,
        ..case(name, one_of(kept.0, plus) + "(drop (call $get (i32.const 32) (i32.const 4)))")
    };
    let scan = |name, kept: (u32, usize), limit: u32, reverse: u32, rounds: u32| Case {
        kept,
        rounds,
        pages: 18,
        ..case(
            name,
            one_of(kept.0, 0)
                + &match reverse {
                    0 => format!(
                        "(drop (call $scan (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const {limit}) (i32.const 0)))"
                    ),
                    _ => format!(
                        "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const {limit}) (i32.const 1)))"
                    ),
                },
        )
    };
    let whole =
        "(drop (call $scan (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 0)))";
    let write = |name, kept, rounds, round: &str| Case {
        kept,
        rounds,
        pages: 4,
        commits: true,
        ..case(name, format!("(i32.store (i32.const 32) (local.get $i)) {round}"))
    };
    vec![
        get("get, of 65,536 kept", MANY, 0, 20_000),
        get("get, absent beside 65,536 kept", MANY, 1 << 16, 20_000),
        get("get, 4 kB kept", (4_096, 4_096), 0, 4_000),
        get("get, 64 kB kept", LARGE, 0, 400),
        scan("scan, 1 of 65,536 kept", MANY, 1, 0, 4_000),
        scan("scan, 1 of 65,536 kept, backwards", MANY, 1, 1, 4_000),
        scan("scan, 1,000 of 65,536 kept", MANY, 1_000, 0, 60),
        scan("scan, 1,000 of 65,536 kept, backwards", MANY, 1_000, 1, 60),
        Case { kept: LARGE, pages: 18, rounds: 6, ..case("scan, 512 of 64 kB kept", whole) },
        Case { kept: (1_000, 1_000), pages: 18, rounds: 30, ..case("scan, 1,000 of 1 kB kept", whole) },
        Case { kept: MANY, gone: u32::MAX, rounds: 400, ..case("scan over 65,536 deleted by a block before", whole) },
        Case { kept: MANY, gone: 40, rounds: 60, ..case("scan, 1,000 of which each has 39 deleted behind it", whole) },
        write(
            "put, new keys, until durable",
            (0, 0),
            40_000,
            "(call $put (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 8))",
        ),
        write(
            "put, 64 kB each, until durable",
            (0, 0),
            140,
            "(call $put (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 65536))",
        ),
        write(
            "put over kept, until durable",
            MANY,
            40_000,
            "(call $put (i32.const 32) (i32.const 4) (i32.const 0) (i32.const 8))",
        ),
        write("delete of kept, until durable", MANY, 40_000, "(call $delete (i32.const 32) (i32.const 4))"),
    ]
}

/// A call of `/package.Service/Method` in each round.
fn calls_of(name: &'static str, method: &str, rounds: u32) -> Case {
    let round = format!(
        "(drop (call $call (i32.const 512) (i32.const 5) (i32.const 832) (i32.const {}) (i32.const 0) (i32.const 0) (i64.const 0)))",
        method.len()
    );
    Case { extra: format!("(data (i32.const 832) \"{method}\")"), rounds, ..case(name, round) }
}

/// The contracts that the cases call, each a service with a method that is a command, or a query when
/// it is called `Ask`.
pub fn called() -> Vec<(&'static str, &'static str, String)> {
    let with = |pages: u32, more: &str, body: &str| {
        format!(
            r#"(module (memory (export "memory") {pages}) (global (mut i32) (i32.const 0)) {more}
            (func (export "stint_alloc") (param i32) (result i32) (i32.const 0))
            (func (export "stint_call") (param i32 i32 i32) (result i64) (local i32) {body}))"#
        )
    };
    let empty = |pages| with(pages, "", "(i64.const 0)");
    let touch = |bytes: u32, step: u32, what: &str| {
        format!(
            "(local.set 3 (i32.const {})) (loop {what} (br_if 0 (local.tee 3 (i32.sub (local.get 3) (i32.const 1))))) (i64.const 0)",
            bytes / step
        )
    };
    let at = |step: u32| format!("(i32.mul (i32.sub (local.get 3) (i32.const 1)) (i32.const {step}))");
    let functions = "(func (param i32) (result i32) (i32.add (local.get 0) (i32.const 7)))".repeat(9_900);
    let table = format!(
        "(type $f (func (param i32) (result i32))) (table 9900 funcref) (elem (i32.const 0) func {}) {functions}",
        (0..9_900).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
    );
    let data = format!("(data (i32.const 0) \"{}\")", "data of an instance, ".repeat(900_000 / 21));
    vec![
        ("E", "Case", empty(1)),
        ("M", "Do", empty(64)),
        ("T", "Do", with(4, "", &touch(1 << 18, 4096, &format!("(i32.store {} (i32.const 1))", at(4096))))),
        (
            "Slots",
            "Do",
            with(1, &table, &touch(9_900, 1, &format!("(drop (call_indirect (type $f) (i32.const 1) {}))", at(1)))),
        ),
        ("Table", "Do", with(1, &table, "(i64.const 0)")),
        ("Grow", "Do", with(1, "", "(drop (memory.grow (i32.const 63))) (i64.const 0)")),
        ("Data", "Do", with(15, &data, &touch(900_000, 4096, &format!("(drop (i32.load {}))", at(4096))))),
        ("Large", "Ask", with(17, "", "(i64.const 1048576)")),
    ]
}

/// A rule that does nothing.
pub const RULE: &str = r#"(module (memory (export "memory") 1) (global (mut i32) (i32.const 0))
    (func (export "stint_alloc") (param i32) (result i32) (i32.const 0))
    (func (export "stint_call") (param i32 i32 i32) (result i64) (i64.const 0)))"#;

/// The contract of a case; it knows the hash of [`RULE`].
pub fn text(c: &Case, rule: &[u8]) -> String {
    let Case { pages, before, round, rounds, extra, answer, .. } = c;
    let rule: String = rule.iter().map(|b| format!("\\{b:02x}")).collect();
    format!(
        r#"(module
        (type $void (func))
        (import "stint_v1" "get" (func $get (param i32 i32) (result i64)))
        (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
        (import "stint_v1" "delete" (func $delete (param i32 i32)))
        (import "stint_v1" "scan" (func $scan (param i32 i32 i32 i32 i32 i32) (result i64)))
        (import "stint_v1" "emit" (func $emit (param i32 i32 i32 i32)))
        (import "stint_v1" "context" (func $context (result i64)))
        (import "stint_v1" "has_role" (func $has_role (param i32 i32) (result i32)))
        (import "stint_v1" "call" (func $call (param i32 i32 i32 i32 i32 i32 i64) (result i64)))
        (import "stint_v1" "rule" (func $rule (param i32 i32 i32 i32 i32 i64) (result i64)))
        (import "stint_v1" "act" (func $act (param i32 i32 i32 i32 i32 i32 i64) (result i64)))
        (import "stint_v1" "sha256" (func $sha256 (param i32 i32 i32)))
        (import "stint_v1" "ed25519_verify" (func $verify (param i32 i32 i32 i32) (result i32)))
        (import "stint_v1" "fuel" (func $fuel (result i64)))
        (memory (export "memory") {pages})
        (table 1 funcref) (elem (i32.const 0) $nothing)
        (global $g (mut i64) (i64.const 0))
        (data (i32.const 512) "forge")
        (data (i32.const 528) "/bench.v1.E/Case")
        (data (i32.const 544) "/bench.v1.M/Do")
        (data (i32.const 560) "/bench.v1.None/")
        (data (i32.const 576) "/bench.v1.T/Do")
        (data (i32.const 592) "Do")
        (data (i32.const 700) "\03")
        (data (i32.const 768) "{rule}")
        {extra}
        (data (i32.const 600) "\d7\5a\98\01\82\b1\0a\b7\d5\4b\fe\d3\c9\64\07\3a\0e\e1\72\f3\da\a6\23\25\af\02\1a\68\f7\07\51\1a\e5\56\43\00\c3\60\ac\72\90\86\e2\cc\80\6e\82\8a\84\87\7f\1e\b8\e5\d9\74\d8\73\e0\65\22\49\01\55\5f\b8\82\15\90\a3\3b\ac\c6\1e\39\70\1c\f9\b4\6b\d2\5b\f5\f0\59\5b\be\24\65\51\41\43\8e\7a\10\0b")
        (func $nothing)
        (func $signature (memory.copy (i32.const 0) (i32.const 600) (i32.const 96)))
        ;; Answers may lie on one another: nobody reads them.
        (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
        (func (export "stint_call") (param i32 i32 i32) (result i64)
            (local $x i64) (local $y i64) (local $i i32) (local $a i32)
            (local.set $x (i64.const 0x123456789)) (local.set $y (i64.load (i32.const 700)))
            {before}
            (local.set $i (i32.const {rounds}))
            (loop {round} (br_if 0 (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            ;; What is computed is kept, or a compiler would leave the work out.
            (i64.store (i32.const 0) (i64.add (i64.add (local.get $x) (global.get $g)) (i64.extend_i32_u (local.get $a))))
            (i64.const {answer})))"#
    )
}
