/// What can be part of a state key. The order of the bytes is the order of the values.
///
/// A part in front of others is written so that its end is seen: no part runs into the next, and
/// what begins with a part begins with exactly that value. Numbers and `[u8; N]` show their end by
/// their size; everything else is escaped there, and stands as it is only at the end of a key.
pub trait Key: Sized {
    /// Appends the bytes of this part at the end of a key.
    fn write(&self, out: &mut Vec<u8>);
    /// Takes this part off the end of a key; `None` when it is not there.
    fn read(bytes: &mut &[u8]) -> Option<Self>;

    /// Appends the bytes of this part in front of others: a zero byte becomes `0 255`, and `0 1` ends
    /// it.
    fn write_part(&self, out: &mut Vec<u8>) {
        let mut plain = Vec::new();
        self.write(&mut plain);
        for byte in plain {
            out.push(byte);
            if byte == 0 {
                out.push(0xff);
            }
        }
        out.extend_from_slice(&[0, 1]);
    }

    /// Takes this part off the front; `None` when it is not there.
    fn read_part(bytes: &mut &[u8]) -> Option<Self> {
        let mut plain = Vec::new();
        loop {
            match **bytes {
                [0, 1, ref tail @ ..] => {
                    *bytes = tail;
                    break;
                }
                [0, 0xff, ref tail @ ..] => {
                    plain.push(0);
                    *bytes = tail;
                }
                [0, ..] | [] => return None,
                [byte, ref tail @ ..] => {
                    plain.push(byte);
                    *bytes = tail;
                }
            }
        }
        let mut rest = plain.as_slice();
        Self::read(&mut rest).filter(|_| rest.is_empty())
    }

    /// What every key begins with whose first part is this: for [`crate::Map::page`].
    fn prefix(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_part(&mut out);
        out
    }
}

/// Parts whose size never changes are written alike everywhere.
macro_rules! sized {
    () => {
        fn write_part(&self, out: &mut Vec<u8>) {
            self.write(out);
        }
        fn read_part(bytes: &mut &[u8]) -> Option<Self> {
            Self::read(bytes)
        }
    };
}

macro_rules! unsigned {
    ($($t:ty),*) => {$(
        impl Key for $t {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                let (head, tail) = bytes.split_first_chunk()?;
                *bytes = tail;
                Some(<$t>::from_be_bytes(*head))
            }
            sized!();
        }
    )*};
}
unsigned!(u8, u16, u32, u64);

impl<const N: usize> Key for [u8; N] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (head, tail) = bytes.split_first_chunk()?;
        *bytes = tail;
        Some(*head)
    }
    sized!();
}

/// At the end of a key it takes all that is left.
impl Key for String {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let text = String::from_utf8(bytes.to_vec()).ok()?;
        *bytes = &[];
        Some(text)
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write_part(out);
        self.1.write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read_part(bytes)?, B::read(bytes)?))
    }
    fn write_part(&self, out: &mut Vec<u8>) {
        self.0.write_part(out);
        self.1.write_part(out);
    }
    fn read_part(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read_part(bytes)?, B::read_part(bytes)?))
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write_part(out);
        self.1.write_part(out);
        self.2.write(out);
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read_part(bytes)?, B::read_part(bytes)?, C::read(bytes)?))
    }
    fn write_part(&self, out: &mut Vec<u8>) {
        self.0.write_part(out);
        self.1.write_part(out);
        self.2.write_part(out);
    }
    fn read_part(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::read_part(bytes)?, B::read_part(bytes)?, C::read_part(bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Index, Map};
    use proptest::prelude::*;

    fn bytes(key: &impl Key) -> Vec<u8> {
        let mut out = Vec::new();
        key.write(&mut out);
        out
    }

    /// Texts with what is dangerous in them: zero bytes, one another's beginnings, and the last
    /// characters there are.
    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop_oneof![Just('\0'), Just('\u{1}'), Just('a'), Just('/'), Just('ÿ'), Just('\u{10ffff}')],
            0..5,
        )
        .prop_map(|c| c.into_iter().collect())
    }

    type Keys = (String, (u8, String), String);

    fn key() -> impl Strategy<Value = Keys> {
        (text(), (any::<u8>(), text()), text())
    }

    proptest! {
        /// Once, a text in front of other parts ran into them: entries of "a" were found under "", and
        /// keys could not be read back.
        #[test]
        fn keys_keep_the_order_of_their_values_and_are_read_back(a in key(), b in key()) {
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
            for key in [&a, &b] {
                let written = bytes(key);
                let mut rest = written.as_slice();
                prop_assert_eq!(&Keys::read(&mut rest).expect("what was written"), key);
                prop_assert!(rest.is_empty());
            }
        }

        #[test]
        fn what_begins_with_a_part_begins_with_that_value_and_no_other(a in key(), b in key()) {
            prop_assert_eq!(bytes(&b).starts_with(&a.0.prefix()), a.0 == b.0);
            prop_assert_eq!(bytes(&b).starts_with(&(a.0.clone(), a.1.clone()).prefix()), (&a.0, &a.1) == (&b.0, &b.1));
        }

        #[test]
        fn no_bytes_are_more_than_refused(any in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut rest = any.as_slice();
            if let Some(key) = Keys::read(&mut rest) {
                prop_assert_eq!(bytes(&key), any);
            }
        }
    }

    #[test]
    fn texts_stand_in_front_of_other_parts() {
        const BY_AUTHOR: Index<String, u64> = Index::new("by-author");
        for (author, n) in [("an", 7), ("ana", 1), ("ana", 2), ("ana\0", 3)] {
            BY_AUTHOR.add(&author.to_string(), &n);
        }
        assert_eq!(BY_AUTHOR.of(&"an".to_string(), None, 9), [7]);
        assert_eq!(BY_AUTHOR.of(&"ana".to_string(), None, 9), [1, 2]);
        assert_eq!(BY_AUTHOR.of(&"ana".to_string(), Some(&1), 9), [2]);
        assert!(BY_AUTHOR.of(&"".to_string(), None, 9).is_empty());

        const HOURS: Map<(String, u32), u64> = Map::new("hours");
        HOURS.put(&("bo".into(), 2), &8);
        HOURS.put(&("bob".into(), 1), &6);
        let of_bo = HOURS.page(&"bo".to_string().prefix(), &[], 9);
        assert_eq!(of_bo, [(("bo".to_string(), 2), 8)]);
    }
}
