"""The signing vectors: by the page's code, by the package, and by a node that is handed each of them."""

import base64
import json
import re
import socket
import subprocess

import grpc
import pytest
import vectors
from devnet import program
from page import PAGE, VECTORS, blocks, functions, request_of
from stint.contribute.v1.contribute_pb2 import Contribution, RecordRequest, RecordResponse
from stint.v1 import ledger_pb2, ledger_pb2_grpc, types_pb2

from stint import Call, Key

GIVEN = json.loads(VECTORS.read_text(encoding="utf-8"))
CHAIN_ID = bytes.fromhex(GIVEN["chain_id"])


def call_of(case, **changes):
    """The package's call of a vector."""
    case = case | changes
    return Call(
        CHAIN_ID,
        case["commons"],
        case["method"],
        request_of(case),
        bytes.fromhex(case["key"]),
        bytes.fromhex(case["id"]),
        int(case["valid_until"]),
        int(case["fuel_limit"]),
    )


def test_the_committed_vectors_are_what_the_pages_code_makes():
    assert VECTORS.read_text(encoding="utf-8") == vectors.written(), (
        "python clients/python/tests/vectors.py writes them anew"
    )


@pytest.mark.parametrize("case", GIVEN["calls"], ids=lambda case: case["name"])
def test_the_package_signs_as_the_vectors_say(case):
    call = call_of(case)
    signed = call.sign(Key(bytes.fromhex(case["seed"])))
    assert call.digest().hex() == case["digest"]
    assert signed.signature.hex() == case["signature"]
    assert signed.hash().hex() == case["transaction_hash"]


@pytest.mark.parametrize("case", GIVEN["refused"], ids=lambda case: case["name"])
def test_the_package_refuses_what_the_vectors_refuse(case):
    with pytest.raises(ValueError) as refused:
        call_of(GIVEN["calls"][0], **{case["field"]: case["value"]})
    assert case["field"].rstrip("s") in str(refused.value)


def test_another_key_cannot_sign_a_call():
    with pytest.raises(ValueError, match="cannot sign it"):
        call_of(GIVEN["calls"][0]).sign(Key(b"\x09" * 32))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def known_node(tmp_path_factory):
    """A node of the vectors' own genesis file."""
    folder = tmp_path_factory.mktemp("v1")
    grpc_port, p2p_port = free_port(), free_port()
    (folder / "genesis.json").write_text(GIVEN["genesis"])
    key = folder / "validator.key"
    key.touch(mode=0o600)
    key.write_text(f"stint-key-v1 {GIVEN['validator_seed']}\n")
    peer = f'name = "v1"\ngrpc = "127.0.0.1:{grpc_port}"\np2p = "127.0.0.1:{p2p_port}"\n'
    keep = "[keep]\narchive = false\nblocks = 50000\nreceipts = 50000\nstates = 1000\nsnapshot_every = 0\n"
    (folder / "node.toml").write_text(f"{peer}\n{keep}\n[[peers]]\n{peer}")
    with open(folder / "log.txt", "wb") as log:
        command = [program(), "run", "--until-stdin-ends", "--dir", folder]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout.readline().startswith(b"ready "), (folder / "log.txt").read_text()
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        yield channel
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def test_a_node_takes_every_vector_as_it_stands(known_node):
    """The bytes of the file alone, handed in as a stub of any language does: the node checks the signature, and names
    the call by the vectors' hash."""
    for case in GIVEN["calls"]:
        metadata = (
            ("stint-commons", case["commons"]),
            ("stint-key-bin", bytes.fromhex(case["key"])),
            ("stint-id-bin", bytes.fromhex(case["id"])),
            ("stint-valid-until", case["valid_until"]),
            ("stint-fuel", case["fuel_limit"]),
            ("stint-signature-bin", bytes.fromhex(case["signature"])),
        )
        try:
            _, told = known_node.unary_unary(case["method"]).with_call(request_of(case), metadata=metadata)
            outcome = "executed"
        except grpc.RpcError as error:
            told, outcome = error, dict(error.trailing_metadata())["stint-rule"]
        assert outcome == case["outcome"], (case["name"], told)
        receipt = dict(told.trailing_metadata()).get("stint-receipt-bin")
        ordered = case["outcome"] not in {"id", "valid-until", "expired", "unknown-key"}
        assert (receipt is not None) == ordered, case["name"]
        if ordered:
            assert types_pb2.Receipt.FromString(receipt).transaction_hash.hex() == case["transaction_hash"]


def test_a_node_refuses_every_vector_with_a_bit_of_the_signature_changed(known_node):
    ledger = ledger_pb2_grpc.LedgerStub(known_node)
    for case in GIVEN["calls"][:3]:
        forged = bytearray.fromhex(case["signature"])
        forged[7] ^= 1
        transaction = types_pb2.Transaction(
            chain_id=CHAIN_ID,
            commons=case["commons"],
            method=case["method"],
            request=request_of(case),
            key=bytes.fromhex(case["key"]),
            # The first one's id may be known by now, and then its content is compared first.
            id=bytes(15) + b"\x77",
            valid_until=int(case["valid_until"]),
            signature=bytes(forged),
        )
        answer = ledger.Submit(ledger_pb2.SubmitRequest(transaction=transaction))
        assert answer.refused.rule == "signature"


def test_the_pages_code_calls_a_command(devnet):
    """Both blocks, run as they stand; the second one with names that a reader has."""
    code = blocks("python")
    names = functions() | {
        "grpc": grpc,
        "Contribution": Contribution,
        "RecordRequest": RecordRequest,
        "RecordResponse": RecordResponse,
        "address": devnet.addresses[0],
        "genesis": devnet.genesis,
        "seed": bytes.fromhex(devnet.steward_key.read_text().split()[1]),
        "print": lambda *told: names.setdefault("told", []).append(told),
    }
    exec(code[1], names)
    exec(code[1], names)
    # Two calls with two ids; the contract knows the second one's content.
    assert names["told"] == [(False,), (True,)]
    assert len(code[0].splitlines()) <= 30


def test_the_drawing_shows_the_first_vector():
    """The bytes in the page's picture are those of the file."""
    case = GIVEN["calls"][0]
    picture = re.search(r"```text\n byte.*?```", PAGE.read_text(), re.DOTALL)[0]
    for field, size in ("chain_id", 32), ("key", 32), ("id", 16), ("valid_until", 8), ("fuel_limit", 8), ("digest", 32):
        value = (GIVEN | case)[field]
        whole = int(value).to_bytes(size, "big") if field in ("valid_until", "fuel_limit") else bytes.fromhex(value)
        assert shown(whole) in picture, field
    for part, size in (case["commons"].encode(), 1), (case["method"].encode(), 2), (request_of(case), 4):
        assert len(part).to_bytes(size, "big").hex(" ") in picture
        assert shown(part) in picture
    assert f"call “{case['name']}” below" in picture


def shown(value):
    """As the picture writes bytes: the first four and the last three of long ones."""
    return value.hex(" ") if len(value) <= 8 else f"{value[:4].hex(' ')} … {value[-3:].hex(' ')}"


def test_metadata_travels_as_base64_that_others_can_read():
    signed = call_of(GIVEN["calls"][0]).sign(Key(bytes.fromhex(GIVEN["calls"][0]["seed"])))
    binary = {name: value for name, value in signed.metadata() if name.endswith("-bin")}
    assert {name: len(base64.b64encode(value)) for name, value in binary.items()} == {
        "stint-key-bin": 44,
        "stint-id-bin": 24,
        "stint-signature-bin": 88,
    }
