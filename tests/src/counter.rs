//! A contract that counts its calls, so that a call which takes effect twice is seen.

use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};

/// Its service; `Add` is a command.
pub const SERVICE: &str = "test.v1.Counter";
/// The key of the count, eight bytes, little endian.
pub const KEY: &[u8] = b"n";

const CODE: &str = r#"(module
    (import "stint_v1" "get" (func $get (param i32 i32) (result i64)))
    (import "stint_v1" "put" (func $put (param i32 i32 i32 i32)))
    (memory (export "memory") 1) (global (mut i32) (i32.const 0)) (data (i32.const 0) "n")
    (func (export "stint_alloc") (param i32) (result i32) (i32.const 1024))
    (func (export "stint_call") (param i32 i32 i32) (result i64)
        (if (i64.eq (call $get (i32.const 0) (i32.const 1)) (i64.const -1))
            (then (i64.store (i32.const 1024) (i64.const 0))))
        (i64.store (i32.const 1024) (i64.add (i64.load (i32.const 1024)) (i64.const 1)))
        (call $put (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 8))
        (i64.const 0)))"#;

/// The module.
pub fn module() -> Vec<u8> {
    let mut wasm = wat::parse_str(CODE).expect("good text");
    let section = b"stint.descriptor";
    let descriptor = descriptor().encode_to_vec();
    let size = 1 + section.len() + descriptor.len();
    // A custom section: 0, its size in two bytes of seven bits, its name, its content.
    wasm.extend_from_slice(&[0, size as u8 & 0x7f | 0x80, (size >> 7) as u8, section.len() as u8]);
    wasm.extend_from_slice(section);
    wasm.extend_from_slice(&descriptor);
    wasm
}

fn descriptor() -> FileDescriptorSet {
    let add = MethodDescriptorProto {
        name: Some("Add".into()),
        input_type: Some(".test.v1.Nothing".into()),
        output_type: Some(".test.v1.Nothing".into()),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        name: Some("test.proto".into()),
        package: Some("test.v1".into()),
        message_type: vec![DescriptorProto { name: Some("Nothing".into()), ..Default::default() }],
        service: vec![ServiceDescriptorProto { name: Some("Counter".into()), method: vec![add], ..Default::default() }],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }
}
