"""The verifier against the vectors that all verifiers share, and against a node's own proofs."""

import json
from pathlib import Path

import pytest

from stint import proofs

VECTORS = json.loads((Path(__file__).parents[3] / "verifier/vectors/proofs.json").read_text())


def told(proven):
    """What a proof proves, as the vectors write it."""
    header, fact = proven.header, proven.fact
    head = {"height": header.height, "time_ms": header.time_ms, "hash": header.hash.hex()}

    def receipt(r):
        return {"of": r.height, "index": r.index, "events": r.events, "receipt": r.receipt.hex()}

    match fact:
        case proofs.Block(transactions):
            body = {"fact": "block", "transactions": [t.hex() for t in transactions]}
        case proofs.State(height, shown):
            keys = [
                {"key": leaf.key.hex(), **({"hidden": True} if leaf.value is None else {"value": leaf.value.hex()})}
                for leaf in shown.leaves()
            ]
            hidden = [{"from": a.hex(), **({} if b is None else {"to": b.hex()})} for a, b in shown.hidden()]
            body = {"fact": "state", "after": height, "keys": keys, "hidden": hidden}
        case proofs.Receipt():
            body = {"fact": "receipt", **receipt(fact)}
        case proofs.Event(of, index, event):
            body = {"fact": "event", **receipt(of), "event_index": index, "event": event.hex()}
        case proofs.Receipts(height, all_of_them):
            rows = [{"receipt": r.hex(), "events": [e.hex() for e in events]} for r, events in all_of_them]
            body = {"fact": "receipts", "of": height, "receipts": rows}
    return head | body


def trust():
    keys = tuple(bytes.fromhex(key) for key in VECTORS["committee"])
    return proofs.Trust(bytes.fromhex(VECTORS["chain_id"]), VECTORS["epoch"], proofs.Committee(keys))


@pytest.mark.parametrize("case", VECTORS["proofs"], ids=lambda case: case["name"])
def test_every_vector_proves_what_it_says_or_is_refused_for_its_reason(case):
    proof = bytes.fromhex(case["proof"])
    if "proves" in case:
        assert told(proofs.verify(trust(), proof)) == case["proves"]
    else:
        with pytest.raises(proofs.Invalid) as refused:
            proofs.verify(trust(), proof)
        assert str(refused.value) == case["invalid"]


def test_the_vectors_hold_every_kind_of_fact_and_every_reason_but_one():
    facts = {case["proves"]["fact"] for case in VECTORS["proofs"] if "proves" in case}
    assert facts == {"block", "state", "receipt", "event", "receipts"}
    assert len([case for case in VECTORS["proofs"] if "invalid" in case]) >= 15


@pytest.mark.parametrize("case", [c for c in VECTORS["proofs"] if "proves" in c], ids=lambda case: case["name"])
def test_no_proof_holds_with_a_byte_changed_or_cut_off(case):
    proof = bytes.fromhex(case["proof"])
    for at in range(0, len(proof), max(1, len(proof) // 40)):
        changed = bytearray(proof)
        changed[at] ^= 1
        for forged in (bytes(changed), proof[:at]):
            with pytest.raises(proofs.Invalid):
                proofs.verify(trust(), forged)
    with pytest.raises(proofs.Invalid):
        proofs.verify(trust(), proof + b"\0")
