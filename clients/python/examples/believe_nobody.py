"""Records a contribution by a generated stub, and checks by the genesis file alone that the ledger says so.

usage: believe_nobody.py GENESIS_FILE KEY_FILE ADDRESS…
"""

import sys
from pathlib import Path

from stint.contribute.v1.contribute_pb2 import Contribution, Recorded, RecordRequest
from stint.contribute.v1.contribute_pb2_grpc import ContributeStub

from stint import Key, Ledger

genesis_file, key_file, *addresses = sys.argv[1:]
care = Contribution(id="care-1", author="bo@example.org", kind="care", quantity="2", date="2026-11-21")

with Ledger(addresses, key=Key.load(key_file), genesis=Path(genesis_file).read_bytes()) as ledger:
    forge = ledger.commons("forge")
    _, answer = ContributeStub(forge).Record.with_call(RecordRequest(contribution=care))
    key, id = answer.receipt.key, answer.receipt.id
    # What the node answered, against what the validators signed.
    assert ledger.prove_receipt(key, id).writes_hash == answer.receipt.writes_hash
    event = ledger.prove_event(key, id, 0)
    recorded = Recorded.FromString(event.body).contribution
    print(f"proved in block {answer.height}: {recorded.author} {recorded.quantity} {recorded.kind}")
    there = ledger.prove_state([b"k/commons/forge", b"k/commons/none"])
    print({name.decode(): "there" if value else "proved not to be there" for name, value in there.items()})
