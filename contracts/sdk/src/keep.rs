//! What a contract keeps, beside [`crate::Map`]: single values and look-up tables.

use crate::{
    Key, Map,
    host::{host_delete, host_get, host_put},
};
use prost::Message;
use std::marker::PhantomData;

/// A named single value in the contract's state.
///
/// ```
/// # use stint_sdk::Item;
/// const NEXT: Item<u64> = Item::new("next");
/// NEXT.put(&(NEXT.get().unwrap_or_default() + 1));
/// assert_eq!(NEXT.get(), Some(1));
/// ```
pub struct Item<V> {
    name: &'static str,
    types: PhantomData<V>,
}

impl<V: Message + Default> Item<V> {
    /// A value under a name, unique within the contract and without `/`.
    pub const fn new(name: &'static str) -> Self {
        Item { name, types: PhantomData }
    }

    /// The value, when there is one. State that this contract cannot read ends the call.
    pub fn get(&self) -> Option<V> {
        host_get(self.name.as_bytes()).map(|b| V::decode(b.as_slice()).expect("a value that this item wrote"))
    }

    /// Writes the value.
    pub fn put(&self, value: &V) {
        host_put(self.name.as_bytes(), &value.encode_to_vec());
    }

    /// Removes the value; it need not be there.
    pub fn delete(&self) {
        host_delete(self.name.as_bytes());
    }
}

/// A named look-up table: which entries of a map have some property.
///
/// ```
/// # use stint_sdk::Index;
/// const BY_AUTHOR: Index<u32, String> = Index::new("by-author");
/// BY_AUTHOR.add(&7, &"c2".into());
/// BY_AUTHOR.add(&7, &"c1".into());
/// assert_eq!(BY_AUTHOR.of(&7, None, 10), ["c1", "c2"]);
/// assert_eq!(BY_AUTHOR.of(&7, Some(&"c1".into()), 10), ["c2"]);
/// ```
pub struct Index<P, K> {
    entries: Map<(P, K), ()>,
}

impl<P: Key + Clone, K: Key + Clone> Index<P, K> {
    /// A table under a name, unique within the contract and without `/`.
    pub const fn new(name: &'static str) -> Self {
        Index { entries: Map::new(name) }
    }

    /// Says that the entry `key` has the property.
    pub fn add(&self, property: &P, key: &K) {
        self.entries.put(&(property.clone(), key.clone()), &());
    }

    /// Says that it has it no longer.
    pub fn remove(&self, property: &P, key: &K) {
        self.entries.delete(&(property.clone(), key.clone()));
    }

    /// True when it has it.
    pub fn has(&self, property: &P, key: &K) -> bool {
        self.entries.has(&(property.clone(), key.clone()))
    }

    /// Up to `limit` keys with the property, in order, behind `after`.
    pub fn of(&self, property: &P, after: Option<&K>, limit: usize) -> Vec<K> {
        let prefix = property.prefix();
        let mut from = prefix.clone();
        if let Some(after) = after {
            after.write(&mut from);
            // The first key behind it.
            from.push(0);
        }
        self.entries.page(&prefix, &from, limit).into_iter().map(|((_, key), ())| key).collect()
    }
}

/// Declares what a contract keeps, in one list. Tools read it from the module, and show the
/// contract's state by these names and types.
///
/// ```
/// stint_sdk::state! {
///     /// How many there are.
///     pub COUNT: Item<u64> = "count";
///     /// Names by number.
///     pub NAMES: Map<u64, String> = "name";
/// }
/// COUNT.put(&1);
/// assert!(STATE.contains("name: Map<u64, String>"));
/// ```
#[macro_export]
macro_rules! state {
    ($($(#[$doc:meta])* $visibility:vis $name:ident: $kind:ident<$of:ty $(, $more:ty)?> = $key:literal;)*) => {
        $($(#[$doc])* $visibility const $name: $crate::$kind<$of $(, $more)?> = $crate::$kind::new($key);)*
        /// Names and types of what the contract keeps, one a line.
        pub const STATE: &str = concat!(
            $($key, ": ", stringify!($kind), "<", stringify!($of) $(, ", ", stringify!($more))?, ">\n"),*
        );
    };
}
