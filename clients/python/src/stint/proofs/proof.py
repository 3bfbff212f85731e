"""A fact under signatures, and its check.

```text
proof      version 1 [1] | kind [1] | h [2] | h times: handover | chain | votes | body
handover   chain | votes | next committee     the last header of an epoch that names other validators
chain      n [1] | n times: header [281]      the header meant, then its descendants; n >= 1
votes      n [1] | view [8] | parent view [8] | one bit for each of n validators [n / 8, rounded up]
           | 64 bytes for each bit that is set; over the last header of the chain
committee  n [1] | n times: key [32], ascending

body of kind 0, a block        t [4] | transaction [t] …, as many as the header counts
        kind 1, state          led | part of the tree (tree.py)
        kind 2, a receipt      led | index [4] | path | e [4] | r [4] | events root [32] | receipt [r]
        kind 3, an event       as kind 2 | index [4] | path | v [4] | event [v]
        kind 4, all receipts   led | for each receipt: r [4] | receipt [r] | e [4] | e times: v [4] | event [v]

led        height [8] | results before [32] | l [1] | l times: outcome [76]
           what that height and those after it led to, up to the one that the header certifies
outcome    state root [32] | receipts root [32] | receipts [4] | time ms [8]
path       n [1] | n times: hash [32], lowest first
```
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from . import merkle, tree
from .header import Certificate, Committee, Header
from .layout import Invalid, Reader, Why, domain_hash, require

# The largest proof, bytes.
PROOF_BYTES = 16 << 20
VERSION = 1
OUTCOME_BYTES = 76
LAST_EPOCH = 2**64 - 1


@dataclass(frozen=True)
class Trust:
    """Whom the reader of a proof believes from the start: the validators of one epoch."""

    chain_id: bytes
    epoch: int
    committee: Committee


@dataclass(frozen=True)
class Block:
    """The header's block holds these transactions, in this order."""

    transactions: list[bytes]


@dataclass(frozen=True)
class State:
    """The state after block `height`, as far as it is shown."""

    height: int
    shown: tree.Shown


@dataclass(frozen=True)
class Receipt:
    """The receipt of the call at `index` of block `height`: `stint.v1.Receipt` without its events, `events` many."""

    height: int
    index: int
    events: int
    receipt: bytes


@dataclass(frozen=True)
class Event:
    """One event of the receipt of a call: `stint.v1.Event`."""

    receipt: Receipt
    index: int
    event: bytes


@dataclass(frozen=True)
class Receipts:
    """All receipts of block `height`, each with its events."""

    height: int
    receipts: list[tuple[bytes, list[bytes]]]


Fact = Block | State | Receipt | Event | Receipts


@dataclass(frozen=True)
class Proven:
    """What a proof proves: the fact, the final header under which it stands, and whom to believe from here on."""

    header: Header
    trust: Trust
    fact: Fact


def verify(trust: Trust, proof: bytes) -> Proven:
    """Checks a proof; raises Invalid. What it answers holds on the ledger if at most a third of the validators of each
    epoch concerned are faulty."""
    require(len(proof) <= PROOF_BYTES)
    reader = Reader(proof)
    require(reader.number(1) == VERSION)
    kind = reader.number(1)
    for _ in range(reader.number(2)):
        trust = _handed_over(reader, trust)
    header = _final(*_signed_chain(reader), trust)
    require(kind < len(_BODIES))
    fact, holds = _BODIES[kind](reader, header)
    require(reader.empty)
    require(holds, Why.OTHER_FACT)
    return Proven(header, Trust(trust.chain_id, header.epoch, trust.committee), fact)


def _handed_over(reader: Reader, trust: Trust) -> Trust:
    """Whom the last header of an epoch names."""
    # The bytes are read to their end before they are judged.
    chain, votes = _signed_chain(reader)
    committee = Committee.read(reader)
    # What led to the validators who are believed already needs no check.
    if chain and chain[0].epoch < trust.epoch:
        return trust
    last = _final(chain, votes, trust)
    require(last.epoch < LAST_EPOCH)
    require(last.next_committee == committee.hash, Why.OTHER_COMMITTEE)
    return Trust(trust.chain_id, last.epoch + 1, committee)


def _signed_chain(reader: Reader) -> tuple[list[Header], Certificate]:
    return [Header.read(reader) for _ in range(reader.number(1))], Certificate.read(reader)


def _final(headers: list[Header], votes: Certificate, trust: Trust) -> Header:
    """The first header, once it is known to be final: what makes a descendant final makes it final too. Epochs may end on
    the way, but not the time of the validators: whose header names others has no descendants of theirs."""
    require(bool(headers))
    for header in headers:
        require(header.chain_id == trust.chain_id, Why.OTHER_LEDGER)
        require(header.epoch >= trust.epoch, Why.OTHER_EPOCH)
    require(not any(any(header.next_committee) for header in headers[:-1]), Why.OTHER_EPOCH)
    for parent, child in pairwise(headers):
        follows = child.parent == parent.hash and child.height == parent.height + 1
        require(follows, Why.BROKEN_CHAIN)
    require(votes.certifies(headers[-1], trust.committee), Why.SIGNATURES)
    return headers[0]


@dataclass(frozen=True)
class _Outcome:
    """What a block led to."""

    encoded: bytes

    @property
    def state_root(self) -> bytes:
        return self.encoded[:32]

    @property
    def receipts_root(self) -> bytes:
        return self.encoded[32:64]

    @property
    def receipts(self) -> int:
        return int.from_bytes(self.encoded[64:68], "big")


@dataclass(frozen=True)
class _Led:
    """What a block led to, and the way up to the header."""

    height: int
    before: bytes
    outcomes: list[_Outcome]

    @classmethod
    def read(cls, reader: Reader) -> _Led:
        height, before = reader.number(8), reader.hash()
        return cls(height, before, [_Outcome(reader.take(OUTCOME_BYTES)) for _ in range(reader.number(1))])

    def under(self, header: Header) -> _Outcome | None:
        """What the block led to, if the header certifies it."""
        chain = self.before
        for height, outcome in enumerate(self.outcomes, self.height):
            chain = domain_hash("stint.v1.results", chain, height.to_bytes(8, "big"), outcome.encoded)
        last = self.height + len(self.outcomes) - 1
        certified = bool(self.outcomes) and chain == header.results_root and last == header.executed_height
        return self.outcomes[0] if certified else None


def _block(reader: Reader, header: Header) -> tuple[Fact, bool]:
    transactions = [reader.sized() for _ in range(header.transaction_count)]
    return Block(transactions), merkle.root(transactions) == header.transactions_root


def _state(reader: Reader, header: Header) -> tuple[Fact, bool]:
    led = _Led.read(reader)
    shown, root = tree.read(reader)
    outcome = led.under(header)
    return State(led.height, shown), outcome is not None and outcome.state_root == root


def _receipt(reader: Reader, header: Header) -> tuple[Receipt, bytes, bool]:
    """The receipt, the root over its events, and whether it stands under the header."""
    led = _Led.read(reader)
    index, path = reader.number(4), _path(reader)
    events, size = reader.number(4), reader.number(4)
    events_root = reader.hash()
    receipt = reader.take(size)
    outcome = led.under(header)
    item = _receipt_item(receipt, events_root, events)
    root = merkle.root_of_path(item, index, outcome.receipts, path) if outcome else None
    holds = outcome is not None and root == outcome.receipts_root
    return Receipt(led.height, index, events, receipt), events_root, holds


def _one_receipt(reader: Reader, header: Header) -> tuple[Fact, bool]:
    receipt, _, holds = _receipt(reader, header)
    return receipt, holds


def _event(reader: Reader, header: Header) -> tuple[Fact, bool]:
    receipt, events_root, holds = _receipt(reader, header)
    index, path, event = reader.number(4), _path(reader), reader.sized()
    root = merkle.root_of_path(event, index, receipt.events, path)
    return Event(receipt, index, event), holds and root == events_root


def _receipts(reader: Reader, header: Header) -> tuple[Fact, bool]:
    led = _Led.read(reader)
    outcome = led.under(header)
    # Without an outcome nobody knows how many receipts follow.
    if outcome is None:
        raise Invalid(Why.OTHER_FACT)
    receipts = []
    for _ in range(outcome.receipts):
        receipt = reader.sized()
        receipts.append((receipt, [reader.sized() for _ in range(reader.number(4))]))
    items = [_receipt_item(receipt, merkle.root(events), len(events)) for receipt, events in receipts]
    return Receipts(led.height, receipts), merkle.root(items) == outcome.receipts_root


# By the kind of the proof.
_BODIES: tuple[Callable[[Reader, Header], tuple[Fact, bool]], ...] = (_block, _state, _one_receipt, _event, _receipts)


def _receipt_item(receipt: bytes, events_root: bytes, events: int) -> bytes:
    """What stands for a receipt under the receipts root, so that one event can be shown without the others."""
    return events_root + events.to_bytes(4, "big") + receipt


def _path(reader: Reader) -> list[bytes]:
    return [reader.hash() for _ in range(reader.number(1))]
