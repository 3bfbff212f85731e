"""What validators sign, and who they are.

```text
header, 281 bytes
  version 1 [1] | chain id [32] | epoch [8] | view [8] | parent view [8] | height [8]
  | leader [32] | parent [32] | time ms [8] | transactions root [32] | count [4]
  | protocol version [4] | executed height [8] | state root [32] | results root [32]
  | next committee [32]

  hash     SHA-256("stint.v1.header" 00 | header)
  signed   n | "stint-" chain id in hexadecimal "_FINALIZE" | epoch | view | parent view | hash [32]
           n = bytes of the text, and the three numbers, seven bits a byte, lowest first
```
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import pairwise

from . import ed25519
from .layout import Reader, domain_hash, require

VERSION = 1
# Validators of one ledger.
VALIDATORS = 100
KEY_BYTES = 32
SIGNATURE_BYTES = 64

_HEADER = struct.Struct(">B32sQQQQ32s32sQ32sIIQ32s32s32s")


@dataclass(frozen=True)
class Header:
    """The part of a block that validators sign, by its hash."""

    version: int
    chain_id: bytes
    epoch: int
    view: int
    parent_view: int
    height: int
    leader: bytes
    parent: bytes
    # Milliseconds since 1970, UTC.
    time_ms: int
    transactions_root: bytes
    transaction_count: int
    protocol_version: int
    # The newest height whose results are certified here.
    executed_height: int
    state_root: bytes
    results_root: bytes
    # Zero but in an epoch's last header.
    next_committee: bytes
    hash: bytes = field(repr=False)

    @classmethod
    def read(cls, reader: Reader) -> Header:
        """Takes a header off the front."""
        encoded = reader.take(_HEADER.size)
        header = cls(*_HEADER.unpack(encoded), domain_hash("stint.v1.header", encoded))
        require(header.version == VERSION)
        return header

    def signed(self, view: int, parent_view: int) -> bytes:
        """The bytes that a validator signs to make the block final in a round: the header's own, or a later one in which
        the last block of an epoch was proposed again."""
        namespace = f"stint-{self.chain_id.hex()}_FINALIZE".encode()
        numbers = (_varint(n) for n in (self.epoch, view, parent_view))
        return b"".join((_varint(len(namespace)), namespace, *numbers, self.hash))


@dataclass(frozen=True)
class Committee:
    """The validators of an epoch: their keys in ascending order."""

    keys: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= VALIDATORS:
            raise ValueError(f"{len(self.keys)} validators are given; a ledger has 1 to {VALIDATORS}")
        if not _ascend(self.keys):
            raise ValueError("the validators' keys are given in another order than ascending, or one of them twice")

    @classmethod
    def read(cls, reader: Reader) -> Committee:
        """n [1] | n times: key [32], ascending."""
        keys = tuple(reader.take(KEY_BYTES) for _ in range(reader.number(1)))
        require(1 <= len(keys) <= VALIDATORS and _ascend(keys))
        return cls(keys)

    @property
    def hash(self) -> bytes:
        """What an epoch's last header names the next committee by."""
        return domain_hash("stint.v1.committee", *self.keys)

    @property
    def quorum(self) -> int:
        """Signatures that make a block final: of all but the most that may be faulty, less than a third."""
        return len(self.keys) - (len(self.keys) - 1) // 3


@dataclass(frozen=True)
class Certificate:
    """Votes that made a block final: how many validators there are, the round and that of its parent, and of each vote the
    signer's place in the committee, and its signature."""

    validators: int
    view: int
    parent_view: int
    votes: tuple[tuple[int, bytes], ...]

    @classmethod
    def read(cls, reader: Reader) -> Certificate:
        """The three numbers, one bit for each validator, the first one highest, then a signature for each bit that is
        set."""
        validators, view, parent_view = reader.number(1), reader.number(8), reader.number(8)
        size = (validators + 7) // 8
        bits = reader.number(size)
        places = [place for place in range(8 * size) if bits >> 8 * size - 1 - place & 1]
        require(all(place < validators for place in places))
        return cls(validators, view, parent_view, tuple((place, reader.take(SIGNATURE_BYTES)) for place in places))

    def certifies(self, header: Header, committee: Committee) -> bool:
        """True when a quorum of the committee made the header's block final."""
        if self.validators != len(committee.keys) or len(self.votes) < committee.quorum:
            return False
        message = header.signed(self.view, self.parent_view)
        return all(ed25519.verify(committee.keys[place], signature, message) for place, signature in self.votes)


def _ascend(keys: tuple[bytes, ...]) -> bool:
    return all(one < two for one, two in pairwise(keys))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])
