"""The part of a state that a proof shows, under a root that fits.

```text
                    root                a subtree with more than 8 keys is a branch, split by the
                  /      \\              first bit in which its keys differ (key_bits.py);
             branch      bucket         with 8 or fewer it is a bucket: its keys in order
            /      \\     k1 k2 k3
       bucket      bucket

node    00 hash [32]                                  a subtree that is not shown
        01 n [1] | n times: leaf                      a bucket
        02 bit [2] | r [2] | prefix [r] | left node | right node
leaf    r [2] | key [r] | 00 value hash [32]
        r [2] | key [r] | 01 v [4] | value [v]

bucket  SHA-256(00 | for each key: k [2] | key [k] | value hash), zero when empty
branch  SHA-256(01 | bit [2] | prefix | left | right)
```

Prefixes and keys leave out the bytes that the branch above them fixes: its bit / 9 of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from .key_bits import BITS_A_BYTE, Below, bit, bytes_of, first_bits
from .layout import ZERO, Reader, domain_hash, require, sha256

# Keys of the largest bucket.
BUCKET = 8
# The longest key, bytes.
KEY_BYTES = 1024
# Keys and prefixes of one proof when written in full, bytes: a small proof could name long ones again and again.
FULL_BYTES = 64 << 20

_HIDDEN, _BUCKET, _BRANCH = range(3)
_HASHED, _SHOWN = range(2)


class NotShown(Exception):
    """The proof does not show what was asked of it: the state may hold it or not."""


@dataclass(frozen=True)
class Leaf:
    """A key that is there; `value` is None where only its hash is shown."""

    key: bytes
    value: bytes | None

    def beside(self, key: bytes) -> int:
        return (self.key > key) - (self.key < key)


@dataclass(frozen=True)
class Hidden:
    """Keys of which nothing is shown: those below a place, or all."""

    below: Below | None

    def beside(self, key: bytes) -> int:
        return self.below.beside(key) if self.below else 0


class Shown:
    """What a proof shows of a state."""

    def __init__(self, items: list[Leaf | Hidden]) -> None:
        self._items = items

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None when the state holds no such key; raises NotShown."""
        at = bisect_left(self._items, 0, key=lambda item: item.beside(key))
        if at == len(self._items) or self._items[at].beside(key) > 0:
            return None
        return _value(self._items[at])[1]

    def range(self, first: bytes, behind: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All keys from `first` on and before `behind` with their values, in order; raises NotShown."""

        def is_behind(item: Leaf | Hidden) -> bool:
            # Some of the hidden keys around the end may come before it.
            return item.beside(behind) >= (0 if isinstance(item, Leaf) else 1)

        start = bisect_left(self._items, 0, key=lambda item: item.beside(first))
        end = bisect_left(self._items, True, key=is_behind)
        return (_value(item) for item in self._items[start : max(start, end)])

    def leaves(self) -> list[Leaf]:
        """Every key that is shown, in order."""
        return [item for item in self._items if isinstance(item, Leaf)]

    def hidden(self) -> list[tuple[bytes, bytes | None]]:
        """The parts of which nothing is shown: each from a key on and before another one, None for the end."""
        parts = (item.below for item in self._items if isinstance(item, Hidden))
        return [(below.first(), below.end()) if below else (b"", None) for below in parts]


def _value(item: Leaf | Hidden) -> tuple[bytes, bytes]:
    if isinstance(item, Hidden) or item.value is None:
        raise NotShown("the proof does not show this part of the state; ask for a proof of these keys")
    return item.key, item.value


@dataclass
class _Branch:
    """A branch whose subtrees are being read."""

    at: int
    prefix: bytes
    left: bytes | None = None

    @property
    def below(self) -> Below:
        """Where the subtree stands that is read next."""
        return Below(self.prefix, self.at, int(self.left is not None))

    def takes(self, key: bytes, bits: int, next_bit: int) -> bool:
        """Whether what has `bits` bits, these first and `next_bit` at this branch, can stand there."""
        return bits > self.at and first_bits(key, self.at) == self.prefix and next_bit == self.below.right


@dataclass
class _Parts:
    """Reads nodes in the order branch, left, right."""

    reader: Reader
    items: list[Leaf | Hidden] = field(default_factory=list)
    # Bytes that keys and prefixes may still take.
    room: int = FULL_BYTES

    def key(self, above: _Branch | None) -> bytes:
        """A key or prefix of which the branch above fixes the first bytes."""
        known = above.prefix[: above.at // BITS_A_BYTE] if above else b""
        key = known + self.reader.take(self.reader.number(2))
        self.room -= len(key)
        require(self.room >= 0 and len(key) <= KEY_BYTES)
        return key

    def hidden(self, above: _Branch | None) -> bytes:
        self.room -= len(above.prefix) if above else 0
        self.items.append(Hidden(above.below if above else None))
        hashed = self.reader.hash()
        # What is empty has nothing to hide, and nothing else hashes to zero.
        require(self.room >= 0 and hashed != ZERO)
        return hashed

    def bucket(self, above: _Branch | None) -> bytes:
        count = self.reader.number(1)
        # Only the whole state can be empty.
        require(count <= BUCKET and (count > 0 or above is None))
        parts, before = [], None
        for _ in range(count):
            key = self.key(above)
            require(above is None or above.takes(key, len(key) * BITS_A_BYTE + 1, bit(key, above.at)))
            require(before is None or before < key)
            value, value_hash = self.value()
            self.items.append(Leaf(key, value))
            parts.append(len(key).to_bytes(2, "big") + key + value_hash)
            before = key
        return sha256(b"\0", *parts) if parts else ZERO

    def value(self) -> tuple[bytes | None, bytes]:
        kind = self.reader.number(1)
        require(kind in (_HASHED, _SHOWN))
        if kind == _HASHED:
            return None, self.reader.hash()
        value = self.reader.sized()
        return value, domain_hash("stint.v1.value", value)

    def branch(self, above: _Branch | None) -> _Branch:
        at = self.reader.number(2)
        prefix = self.key(above)
        require(len(prefix) == bytes_of(at) and first_bits(prefix, at) == prefix)
        if above:
            # Keys that a branch splits go on.
            next_bit = 1 if above.at % BITS_A_BYTE == 0 else bit(prefix, above.at)
            require(above.takes(prefix, at, next_bit))
        return _Branch(at, prefix)


def read(reader: Reader) -> tuple[Shown, bytes]:
    """A part of a tree and its root; raises Invalid when no tree can look so."""
    parts = _Parts(reader)
    # The branches above what is read now. Each splits at a later bit than the one before it, so there are at most as
    # many as a key has bits.
    branches: list[_Branch] = []
    while True:
        above = branches[-1] if branches else None
        kind = reader.number(1)
        require(kind in (_HIDDEN, _BUCKET, _BRANCH))
        if kind == _BRANCH:
            branches.append(parts.branch(above))
            continue
        hashed = parts.hidden(above) if kind == _HIDDEN else parts.bucket(above)
        # Closes every branch whose right subtree this was.
        while branches and (left := branches[-1].left) is not None:
            closed = branches.pop()
            hashed = sha256(b"\1", closed.at.to_bytes(2, "big"), closed.prefix, left, hashed)
        if not branches:
            return Shown(parts.items), hashed
        branches[-1].left = hashed
