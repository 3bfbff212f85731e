"""Records a contribution and reads the shares that follow. Nothing is generated: the node describes the contract.

usage: record_and_read_shares.py KEY_FILE ADDRESS…
"""

import sys

from stint import Key, Ledger, Refused

key_file, *addresses = sys.argv[1:]
talk = {"id": "talk-1", "author": "ana@example.org", "kind": "talk", "quantity": "1.5", "date": "2026-11-20"}

with Ledger(addresses, key=Key.load(key_file)) as ledger:
    contribute = ledger.commons("forge").service("stint.contribute.v1.Contribute")
    answer = contribute.Record.answer(contribution=talk)
    print(f"final in block {answer.height}, {'known before' if answer.response.known else 'new'}")
    try:
        contribute.Record(contribution=talk | {"quantity": "15"})
    except Refused as refused:
        print(f"refused by {refused.rule}: {refused.message}")
    for share in contribute.GetShares().shares:
        print(f"{share.author}  {share.points}  {share.basis_points / 100:.2f} %")
