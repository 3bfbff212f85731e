"""Bytes as proofs are laid out, and the hashes over them."""

from __future__ import annotations

import hashlib
from enum import Enum

HASH_BYTES = 32
# Stands where there is nothing to hash: the root of an empty list, what genesis hangs on.
ZERO = bytes(HASH_BYTES)


class Why(Enum):
    """Why a proof proves nothing."""

    MALFORMED = "the bytes are not a proof of layout 1"
    OTHER_LEDGER = "the proof is about another ledger"
    OTHER_EPOCH = "the proof does not lead from the trusted validators to those who signed"
    BROKEN_CHAIN = "the proof's headers do not follow one another"
    SIGNATURES = "the block was not signed by enough of the validators"
    OTHER_COMMITTEE = "the new validators are not those whom the old ones named"
    OTHER_FACT = "what the proof shows is not what the signed header names"


class Invalid(Exception):
    """A proof that proves nothing; `why` names the step that is wrong."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Reader:
    """Takes pieces off the front of bytes. What is not there makes the proof malformed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        require(len(piece) == size)
        self._at += size
        return piece

    def number(self, size: int) -> int:
        """`size` bytes, big endian."""
        return int.from_bytes(self.take(size), "big")

    def hash(self) -> bytes:
        return self.take(HASH_BYTES)

    def sized(self) -> bytes:
        """n [4], and n bytes."""
        return self.take(self.number(4))

    @property
    def empty(self) -> bool:
        return self._at == len(self._data)


def require(holds: bool, why: Why = Why.MALFORMED) -> None:
    """Ends the check of a proof when something does not hold."""
    if not holds:
        raise Invalid(why)


def sha256(*parts: bytes) -> bytes:
    """SHA-256 over the parts, one after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def domain_hash(domain: str, *parts: bytes) -> bytes:
    """SHA-256("domain" 00 | parts): what is hashed for one purpose is never taken for another."""
    return sha256(domain.encode(), b"\0", *parts)
