//! What a method takes, for people: its flags with types, and the words of the `.proto` where the descriptor has them.

use super::{
    flags::{Flag, flags, shortest},
    value::is_quantity,
};
use crate::cli::paint;
use prost_reflect::{FileDescriptor, Kind, MethodDescriptor};

/// The page of a method.
pub fn page(method: &MethodDescriptor, how: &str) -> String {
    let service = method.parent_service();
    let mut out = format!("{}/{}\n", service.full_name(), method.name());
    if let Some(words) = comment(&service.parent_file(), method.path()) {
        out += &format!("  {words}\n");
    }
    let all = flags(&method.input());
    if all.is_empty() {
        return out + "\nIt takes nothing.";
    }
    out += &format!("\n{}\n\n", paint::bold(how));
    let rows: Vec<_> = all.iter().map(|f| (names(&all, f), kind(f), words(f))).collect();
    let wide = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or(0);
    let first = wide(&mut rows.iter().map(|r| r.0.len())).min(44);
    let second = wide(&mut rows.iter().map(|r| r.1.len())).min(34);
    for (names, kind, words) in rows {
        out += format!("  {names:first$}  {kind:second$}  {}", paint::dim(&words)).trim_end();
        out.push('\n');
    }
    out + "\nOr all of it as JSON, in front of the flags; - reads it from standard input."
}

fn names(all: &[Flag], flag: &Flag) -> String {
    let (full, short) = (flag.name(), shortest(all, flag));
    if short == full { format!("--{full}") } else { format!("--{short}, --{full}") }
}

fn kind(flag: &Flag) -> String {
    let Some(field) = flag.field() else { return String::new() };
    let plain = |kind: &Kind| match kind {
        Kind::String => "text".into(),
        Kind::Bool => "true or false".into(),
        Kind::Bytes => "hex or base64".into(),
        Kind::Float | Kind::Double => "number".into(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            "whole number".into()
        }
        Kind::Uint32 | Kind::Fixed32 | Kind::Uint64 | Kind::Fixed64 => "number from 0 on".into(),
        Kind::Enum(of) => of.values().map(|v| v.name().to_lowercase()).collect::<Vec<_>>().join("|"),
        Kind::Message(of) if is_quantity(of) => "a number and a unit, as 3h".into(),
        Kind::Message(of) => format!("{} as JSON", of.name()),
    };
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            format!("KEY={}, may be repeated", plain(&entry.map_entry_value_field().kind()))
        }
        kind if field.is_list() => format!("{}, may be repeated", plain(&kind)),
        kind => plain(&kind),
    }
}

fn words(flag: &Flag) -> String {
    let Some(field) = flag.field() else { return String::new() };
    comment(&field.parent_message().parent_file(), field.path()).unwrap_or_default()
}

/// What stands before or behind a declaration in its `.proto`, on one line.
fn comment(file: &FileDescriptor, path: &[i32]) -> Option<String> {
    let info = file.file_descriptor_proto().source_code_info.as_ref()?;
    let place = info.location.iter().find(|l| l.path == path)?;
    let words = [place.leading_comments(), place.trailing_comments()].join(" ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then_some(words)
}
