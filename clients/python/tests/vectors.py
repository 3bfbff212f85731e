"""Makes `proto/vectors/signing.json` by the code of the page alone: nothing of the package signs or hashes here.

`python tests/vectors.py` writes the file anew.
"""

import hashlib
import json
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from page import VECTORS, functions, request_of

VALIDATOR_SEED, STEWARD_SEED, STRANGER_SEED = (bytes([n]) * 32 for n in (1, 2, 3))
CONTRIBUTE = "/stint.contribute.v1.Contribute/Record"
MAX_U64 = 2**64 - 1
LONG_COMMONS = "a" + "-" * 31 + "9" * 31
# The bounds of `proto/src/limits.rs`.
COMMONS_BYTES, METHOD_BYTES, REQUEST_BYTES, KERNEL_REQUEST_BYTES = 63, 256, 131_072, 1_001_024


def public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def genesis() -> str:
    """One validator and one steward, with keys that everybody knows."""
    return (
        json.dumps(
            {
                "name": "vectors",
                "time_ms": 1795651200000,
                "protocol_version": 1,
                "epoch_blocks": 1000,
                "validators": [{"name": "v1", "key": public(VALIDATOR_SEED).hex()}],
                "consortium": "consortium",
                "stewards": [{"agent": "steward", "key": public(STEWARD_SEED).hex()}],
            },
            indent=2,
        )
        + "\n"
    )


def text(number: int, value: str | bytes) -> bytes:
    """A field of a protobuf message that holds text or bytes."""
    encoded = value.encode() if isinstance(value, str) else value
    assert len(encoded) < 128, "one byte of length"
    return bytes([number << 3 | 2, len(encoded)]) + encoded


def found(commons: str) -> bytes:
    """`stint.v1.FoundRequest` with the steward as a member and a purpose that is no ASCII."""
    member = text(1, "steward") + text(3, "steward")
    return text(1, commons) + text(2, "Werkzeuge für alle ⚒") + text(3, member)


def calls() -> list[dict]:
    """Each with what becomes of it: `executed`, the rule that refuses it in its receipt, or the one that refuses it
    before it is ordered. They are handed in one after the other."""
    usual = {"seed": STEWARD_SEED, "commons": "consortium", "valid_until": 30_000, "fuel_limit": 0}
    contribute = usual | {"commons": "forge", "method": CONTRIBUTE}
    kernel = usual | {"method": "/stint.v1.Kernel/Found"}
    long_method = "/a.B/" + "C" * (METHOD_BYTES - 5)
    listed = [
        ("a commons is founded", kernel | {"request": found("forge").hex()}, "executed"),
        ("a commons with the longest name", kernel | {"request": found(LONG_COMMONS).hex()}, "executed"),
        (
            "a call of the commons with the longest name",
            kernel
            | {
                "commons": LONG_COMMONS,
                "method": "/stint.v1.Kernel/Admit",
                "request": (text(1, "steward") + text(3, "steward")).hex(),
            },
            "executed",
        ),
        ("an empty request", contribute | {"request": ""}, "service"),
        ("the longest method", contribute | {"method": long_method, "request": ""}, "service"),
        ("the longest request", contribute | {"request": {"byte": "2a", "times": REQUEST_BYTES}}, "service"),
        (
            "the kernel's longest request",
            kernel | {"method": "/stint.v1.Kernel/Publish", "request": {"byte": "00", "times": KERNEL_REQUEST_BYTES}},
            "request",
        ),
        ("the smallest fuel limit", kernel | {"request": found("mill").hex(), "fuel_limit": 1}, "fuel"),
        ("the largest fuel limit", kernel | {"request": found("mill").hex(), "fuel_limit": MAX_U64}, "executed"),
        ("the largest id", kernel | {"request": found("well").hex(), "id": b"\xff" * 16}, "executed"),
        ("the same id with other content", kernel | {"request": found("wall").hex(), "id": b"\xff" * 16}, "id"),
        ("the largest height", kernel | {"request": "", "valid_until": MAX_U64}, "valid-until"),
        ("the smallest height", kernel | {"request": "", "valid_until": 0}, "expired"),
        ("a key that nobody admitted", contribute | {"request": "", "seed": STRANGER_SEED}, "unknown-key"),
    ]
    return [signed(place, name, call, outcome) for place, (name, call, outcome) in enumerate(listed)]


def signed(place: int, name: str, call: dict, outcome: str) -> dict:
    """A call with all that follows from it."""
    chain_id = hashlib.sha256(b"stint.v1.genesis\0" + genesis().encode()).digest()
    key, id = public(call["seed"]), call.get("id", place.to_bytes(16, "big"))
    request, until, fuel = request_of(call), call["valid_until"], call["fuel_limit"]
    digest = functions()["digest"](chain_id, key, id, until, fuel, call["commons"], call["method"], request)
    signature = Ed25519PrivateKey.from_private_bytes(call["seed"]).sign(digest)
    commons, method = call["commons"].encode(), call["method"].encode()
    layout = b"".join(
        (
            b"\1" + chain_id + key + id + struct.pack(">QQB", until, fuel, len(commons)) + commons,
            struct.pack(">H", len(method)) + method + struct.pack(">I", len(request)) + request,
        )
    )
    return {
        "name": name,
        "seed": call["seed"].hex(),
        "key": key.hex(),
        "id": id.hex(),
        "valid_until": str(until),
        "fuel_limit": str(fuel),
        "commons": call["commons"],
        "method": call["method"],
        "request": call["request"],
        "digest": digest.hex(),
        "signature": signature.hex(),
        "transaction_hash": hashlib.sha256(b"stint.v1.transaction-hash\0" + layout + signature).hexdigest(),
        "outcome": outcome,
    }


def refused() -> list[dict]:
    """Changes of the first call that a client refuses to sign, and which field is at fault. `shape` are names that the
    layout could hold and no ledger has; `bound` are fields that are too long or of another size."""
    changes = [
        ("a commons' name that is no ASCII", "commons", "förge", "shape"),
        ("a commons' name with a letter that only looks like an o", "commons", "f\u043erge", "shape"),
        ("a commons' name in capitals", "commons", "Forge", "shape"),
        ("no commons", "commons", "", "shape"),
        ("a commons' name of 64 bytes", "commons", "a" * (COMMONS_BYTES + 1), "bound"),
        ("a method without its first slash", "method", "stint.v1.Kernel/Found", "shape"),
        ("a method that is no ASCII", "method", "/stint.v1.Kernel/Fünd", "shape"),
        ("a method of 257 bytes", "method", "/a.B/" + "C" * (METHOD_BYTES - 4), "bound"),
        ("an id of 15 bytes", "id", "00" * 15, "bound"),
        (
            "a request of the kernel that is too long",
            "request",
            {"byte": "00", "times": KERNEL_REQUEST_BYTES + 1},
            "bound",
        ),
        ("a height of 2^64", "valid_until", str(MAX_U64 + 1), "bound"),
        ("a height below zero", "valid_until", "-1", "bound"),
    ]
    return [{"name": name, "field": field, "value": value, "by": by} for name, field, value, by in changes]


def vectors() -> dict:
    chain_id = hashlib.sha256(b"stint.v1.genesis\0" + genesis().encode()).hexdigest()
    return {
        "genesis": genesis(),
        "chain_id": chain_id,
        "validator_seed": VALIDATOR_SEED.hex(),
        "calls": calls(),
        "refused": refused(),
    }


def written() -> str:
    return json.dumps(vectors(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    VECTORS.parent.mkdir(exist_ok=True)
    VECTORS.write_text(written(), encoding="utf-8")
