"""The node that a client talks to is killed, again and again, under load: nothing acknowledged is lost, nothing
is executed twice, and every call ends with an answer.

10 rounds; STINT_KILL_ROUNDS names another number.
"""

import os
import threading
import time
from collections import Counter

from devnet import Devnet
from stint.v1 import ledger_pb2, ledger_pb2_grpc, types_pb2

from stint import Key, Ledger

ROUNDS = int(os.environ.get("STINT_KILL_ROUNDS", "10"))
# Callers at once, each with one call under way.
CALLERS = 16
# How long a killed node stays away, seconds.
AWAY_S = 0.5
# Calls that are acknowledged between two kills, at least: the load went on.
ROUND_CALLS = 50
# How long a round may take, seconds.
ROUND_S = 60
REPEATED = "repeated"


class Load:
    """Callers that record contributions, each under an id of its own, until they are told to stop."""

    def __init__(self, ledger):
        self.contribute = ledger.commons("forge").service("stint.contribute.v1.Contribute")
        self.acknowledged = []
        self.failures = []
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(n,)) for n in range(CALLERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _call(self, caller):
        n = 0
        while not self._ends.is_set():
            n += 1
            content = {"id": f"c{caller}-{n}", "author": "ana", "kind": "talk", "quantity": "1", "date": "2026-11-20"}
            try:
                self.acknowledged.append((content["id"], self.contribute.Record.answer(contribution=content)))
            except Exception as error:
                self.failures.append((content["id"], error))
                return

    def wait_for(self, more):
        """Waits until so many more calls are acknowledged."""
        goal, end = len(self.acknowledged) + more, time.monotonic() + ROUND_S
        while len(self.acknowledged) < goal and not self.failures:
            assert time.monotonic() < end, f"only {len(self.acknowledged)} of {goal} calls were acknowledged"
            time.sleep(0.01)


def test_no_call_is_lost_or_executed_twice():
    with Devnet(4).start() as devnet, Ledger(devnet.addresses, key=Key.load(devnet.steward_key)) as ledger:
        devnet.stint("found", "forge")
        with Load(ledger) as load:
            for _ in range(ROUNDS):
                load.wait_for(ROUND_CALLS)
                talks_to = devnet.addresses.index(ledger.nodes.current)
                devnet.kill(talks_to)
                time.sleep(AWAY_S)
                devnet.launch(talks_to)
                load.wait_for(ROUND_CALLS)
                devnet.await_ready(talks_to)
        print(f"{ROUNDS} kills, {len(load.acknowledged)} calls acknowledged")
        assert load.failures == []
        assert all(not answer.response.known for _, answer in load.acknowledged), "a call was executed twice"
        in_contract(load)
        for address in devnet.addresses:
            on_node(address, load)


def test_a_node_that_falls_silent_is_left_and_what_it_took_is_executed_once(monkeypatch):
    monkeypatch.setattr("stint.nodes.ATTEMPT_S", 2.0)
    with Devnet(4).start() as devnet, Ledger(devnet.addresses, key=Key.load(devnet.steward_key)) as ledger:
        devnet.stint("found", "forge")
        contribute = ledger.commons("forge").service("stint.contribute.v1.Contribute")
        content = {"id": "silent", "author": "ana", "kind": "talk", "quantity": "1", "date": "2026-11-20"}
        # It knows the height from now on, so that the next thing that the node hears is the call.
        assert contribute.Record(contribution=content | {"id": "before"}).known is False
        silent = devnet.addresses.index(ledger.nodes.current)
        devnet.freeze(silent)
        answer = contribute.Record.answer(contribution=content)
        assert answer.response.known is False and ledger.nodes.current != devnet.addresses[silent]
        # Now the node reads what waited for it, the same call, and hands it in too.
        devnet.thaw(silent)
        assert contribute.Record.answer(contribution=content | {"id": "after"}).response.known is False
        with Ledger([devnet.addresses[silent]]) as alone:
            end = time.monotonic() + ROUND_S
            while (kept := alone.receipt(ledger.key.public, answer.receipt.id)) is None:
                assert time.monotonic() < end, "the silent node did not come back"
                time.sleep(0.05)
        assert (kept.height, kept.index) == (answer.height, answer.receipt.index)
        assert contribute.GetShares().contributions == 3


def in_contract(load):
    """The contract holds each acknowledged contribution once, and no others."""
    assert Counter(contributions(load.contribute)) == Counter(id for id, _ in load.acknowledged)


def contributions(contribute):
    """The ids of all contributions, page after page."""
    token = None
    while token != "":
        page = contribute.ListContributions(page_size=1000, page_token=token or "")
        yield from (contribution.id for contribution in page.contributions)
        token = page.next_page_token


def on_node(address, load):
    """The node's history holds one executed call for each acknowledged one, with the receipt that the caller saw."""
    with Ledger([address]) as alone:
        newest = max(answer.height for _, answer in load.acknowledged)
        end = time.monotonic() + ROUND_S
        while alone.status().height < newest:
            assert time.monotonic() < end, f"{address} did not catch up"
            time.sleep(0.05)
        stub = ledger_pb2_grpc.LedgerStub(alone.nodes.channel())
        executed = {}
        for block in stub.GetHistory(ledger_pb2.GetHistoryRequest(**{"from": 1})):
            for encoded in block.receipts:
                receipt = types_pb2.Receipt.FromString(encoded)
                if receipt.refusal.rule == REPEATED and receipt.fuel_used == 0:
                    continue
                assert receipt.id not in executed, "an id has two receipts"
                executed[receipt.id] = receipt
    for _, answer in load.acknowledged:
        kept = executed[answer.receipt.id]
        told = answer.receipt
        assert (kept.height, kept.index, kept.writes_hash) == (answer.height, told.index, told.writes_hash)
