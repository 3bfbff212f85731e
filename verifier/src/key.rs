//! Keys as strings of bits: each byte a 1 and its eight bits, the end a 0. No key is then the
//! beginning of another, and bits sort as bytes do.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Bits that stand for a byte.
pub const BITS_A_BYTE: usize = 9;

/// Bit `i` of a key; 0 behind its end.
pub fn bit(key: &[u8], i: usize) -> bool {
    match (key.get(i / BITS_A_BYTE), i % BITS_A_BYTE) {
        (None, _) => false,
        (Some(_), 0) => true,
        (Some(byte), n) => byte >> (8 - n) & 1 == 1,
    }
}

/// The first bit in which two keys differ; `None` when they are equal.
pub fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let same = common(a, b);
    match (a.get(same), b.get(same)) {
        (None, None) => None,
        (Some(x), Some(y)) => Some(same * BITS_A_BYTE + 1 + (x ^ y).leading_zeros() as usize),
        _ => Some(same * BITS_A_BYTE),
    }
}

/// How many bytes two keys share at the front. Keys share long beginnings, so eight at once.
fn common(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(x, y)| x == y).count() * 8;
    words + a[words..].iter().zip(&b[words..]).take_while(|(x, y)| x == y).count()
}

/// Bytes that the first `bits` bits of a key touch.
pub fn bytes_of(bits: usize) -> usize {
    bits / BITS_A_BYTE + usize::from(bits % BITS_A_BYTE > 1)
}

/// The last of those bytes as it counts: its bits behind `bits` are zero.
pub fn last_byte(byte: u8, bits: usize) -> u8 {
    match bits % BITS_A_BYTE {
        0 | 1 => byte,
        n => byte & !(0xff >> (n - 1)),
    }
}

/// All keys whose first `bit` bits are those of `prefix` and whose next one is `right`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// Holds at least the bytes of `bit` bits.
    pub prefix: Vec<u8>,
    /// The bit that decides.
    pub bit: usize,
    /// Its value.
    pub right: bool,
}

impl Below {
    /// Where these keys stand beside `key`: before it, after it, or around it.
    pub fn beside(&self, key: &[u8]) -> Ordering {
        let (whole, bits) = (self.bit / BITS_A_BYTE, self.bit % BITS_A_BYTE);
        let first = &self.prefix[..whole];
        first.cmp(&key[..whole.min(key.len())]).then_with(|| match (key.get(whole), bits) {
            (byte, 0) => self.right.cmp(&byte.is_some()),
            (None, _) => Ordering::Greater,
            (Some(byte), n) => {
                let ours = if n > 1 { self.prefix[whole] >> (9 - n) } else { 0 };
                (ours << 1 | u8::from(self.right)).cmp(&(byte >> (8 - n)))
            }
        })
    }

    /// The first key that can stand below.
    pub fn first(&self) -> Vec<u8> {
        let (whole, bits) = (self.bit / BITS_A_BYTE, self.bit % BITS_A_BYTE);
        let mut key = self.prefix[..bytes_of(self.bit)].to_vec();
        match (bits, key.get_mut(whole), self.right) {
            (0, _, true) => key.push(0),
            // The bits so far say no more of the byte than that there is one.
            (1, _, right) => key.push(if right { 0x80 } else { 0 }),
            (n, Some(byte), right) => *byte = last_byte(*byte, self.bit) | if right { 0x80 >> (n - 1) } else { 0 },
            _ => {}
        }
        key
    }

    /// The first key behind all that can stand below; `None` when none is.
    pub fn end(&self) -> Option<Vec<u8>> {
        let bit = match self.right {
            false => self.bit,
            // The last of the bits before that can still grow; that a byte is there cannot.
            true => (0..self.bit).rev().find(|i| i % BITS_A_BYTE != 0 && !bit(&self.prefix, *i))?,
        };
        Some(Below { prefix: self.prefix[..bytes_of(bit)].to_vec(), bit, right: true }.first())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_sort_as_bytes_do(a: Vec<u8>, b: Vec<u8>, at in 0usize..100) {
            match first_difference(&a, &b) {
                None => prop_assert_eq!(&a, &b),
                Some(i) => {
                    prop_assert!((0..i).all(|i| bit(&a, i) == bit(&b, i)));
                    prop_assert_eq!(bit(&a, i).cmp(&bit(&b, i)), a.cmp(&b));
                }
            }
            let bits = at.min(a.len() * BITS_A_BYTE);
            let mut cut = a[..bytes_of(bits)].to_vec();
            if let Some(last) = cut.last_mut() {
                *last = last_byte(*last, bits);
            }
            // What is cut off changes no bit before.
            prop_assert!((0..bits).filter(|i| i % BITS_A_BYTE != 0).all(|i| bit(&a, i) == bit(&cut, i)));
        }

        /// Every key is before, within, or behind the keys below a place, and within when it shares
        /// their first bits.
        #[test]
        fn a_place_knows_its_keys(of: Vec<u8>, at: usize, key: Vec<u8>) {
            let bit_at = at % (of.len() * BITS_A_BYTE + 1);
            let mut prefix = of[..bytes_of(bit_at)].to_vec();
            if let Some(last) = prefix.last_mut() {
                *last = last_byte(*last, bit_at);
            }
            let below = Below { prefix, bit: bit_at, right: bit(&of, bit_at) };
            prop_assert_eq!(below.beside(&of), Ordering::Equal);
            let first = below.first();
            prop_assert_eq!(below.beside(&first), Ordering::Equal);
            prop_assert!(first <= of);
            // The keys below are those from the first one on and before the end.
            let end = below.end();
            prop_assert!(end.as_ref().is_none_or(|end| *end > of && below.beside(end) == Ordering::Less));
            let within = first <= key && end.as_ref().is_none_or(|end| key < *end);
            prop_assert_eq!(within, below.beside(&key) == Ordering::Equal);
            match first_difference(&of, &key) {
                Some(i) if i <= bit_at => prop_assert_eq!(below.beside(&key), of.cmp(&key)),
                _ => prop_assert_eq!(below.beside(&key), Ordering::Equal),
            }
        }
    }
}
