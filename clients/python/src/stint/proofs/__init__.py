"""Checks what a ledger says, without believing whoever says it and without asking anyone.

Nothing but Python's standard library; every layout is drawn where it is read. `verify` follows a proof from a fact to a
header that enough validators signed, and answers with the fact or raises `Invalid`.

| file | idea |
|---|---|
| `proof.py` | a fact under signatures, and its check |
| `header.py` | what validators sign, and who they are |
| `tree.py`, `key_bits.py` | the part of a state that a proof shows |
| `merkle.py` | the root over a list |
| `ed25519.py` | signatures by the rules of ZIP-215 |
| `layout.py` | bytes and hashes |
| `genesis.py` | whom a genesis file names |
"""

from .genesis import trust_of_genesis
from .header import Committee, Header
from .layout import Invalid, Why
from .proof import Block, Event, Fact, Proven, Receipt, Receipts, State, Trust, verify
from .tree import Leaf, NotShown, Shown

__all__ = [
    "Block",
    "Committee",
    "Event",
    "Fact",
    "Header",
    "Invalid",
    "Leaf",
    "NotShown",
    "Proven",
    "Receipt",
    "Receipts",
    "Shown",
    "State",
    "Trust",
    "Why",
    "trust_of_genesis",
    "verify",
]
