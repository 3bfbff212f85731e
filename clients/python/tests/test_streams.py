"""Streams whose nodes die under them, or fall silent: nothing is missing, nothing comes twice.

Half as many deaths as in `test_kill.py`.
"""

import itertools
import threading
import time

import grpc
import pytest
from devnet import Devnet
from stint.contribute.v1.contribute_pb2 import Recorded
from test_kill import AWAY_S, ROUND_CALLS, ROUNDS, Load, contributions

from stint import Key, Ledger, Refused

RECORDED = {"commons": "forge", "type": "Recorded"}


@pytest.fixture(scope="module")
def network():
    with Devnet(4).start() as devnet:
        devnet.stint("found", "forge")
        yield devnet


@pytest.fixture
def opened(network):
    with Ledger(network.addresses, key=Key.load(network.steward_key)) as ledger:
        yield ledger


def record(ledger, id):
    content = {"id": id, "author": "ana", "kind": "talk", "quantity": "1", "date": "2026-11-20"}
    ledger.commons("forge").service("stint.contribute.v1.Contribute").Record(contribution=content)


def ids(messages):
    """The contributions that events tell of, without messages of progress."""
    events = (message.event for message in messages if message.WhichOneof("what") == "event")
    return (Recorded.FromString(told.event.body).contribution.id for told in events)


def test_a_stream_goes_on_behind_the_message_that_it_is_given(opened):
    for n in range(5):
        record(opened, f"cursor-{n}")
    # From the oldest block on.
    oldest = opened.watch("WatchEvents", filter=RECORDED, **{"from": {}})
    messages = itertools.islice((m for m in oldest if m.WhichOneof("what") == "event"), 5)
    first, second, *_ = messages
    assert list(ids([first])) == ["cursor-0"]
    resumed = opened.watch("WatchEvents", filter=RECORDED, start=second.next)
    assert list(itertools.islice(ids(resumed), 3)) == ["cursor-2", "cursor-3", "cursor-4"]
    oldest.close()
    resumed.close()


def test_a_filter_that_means_nothing_ends_the_stream(opened):
    with pytest.raises(Refused) as refused:
        next(opened.watch("WatchEvents", filter={"type": "Recorded", "fields": ["no equals sign"]}))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT and refused.value.rule


def test_a_block_that_is_not_final_yet_is_waited_for(opened):
    height = opened.status().height + 5
    stream = opened.watch("WatchBlocks", headers_only=True, **{"from": {"height": height}})
    blocks = (message.block for message in stream if message.WhichOneof("what") == "block")
    assert [block.header.height for block in itertools.islice(blocks, 3)] == [height, height + 1, height + 2]
    stream.close()


def test_a_silent_node_is_left(network, monkeypatch):
    monkeypatch.setattr("stint.streams.SILENCE_S", 7.0)
    with Ledger(network.addresses, key=Key.load(network.steward_key)) as writing, Ledger(network.addresses) as reading:
        stream = reading.watch("WatchEvents", filter=RECORDED)
        # Without a start it begins behind the newest block: it is open when it has told its progress.
        assert next(stream).WhichOneof("what") == "progress"
        silent = network.addresses.index(reading.nodes.current)
        writing.nodes.leave(writing.nodes.current)
        network.freeze(silent)
        try:
            record(writing, "while-silent")
            assert next(ids(stream)) == "while-silent"
            assert reading.nodes.current != network.addresses[silent]
        finally:
            network.thaw(silent)
        stream.close()


def test_streams_lose_nothing_and_repeat_nothing_when_their_nodes_die(network, opened):
    heard = []

    def listen(reading):
        for id in ids(reading.watch("WatchEvents", filter=RECORDED, **{"from": {}})):
            heard.append(id)
            if id == "last":
                return

    with Ledger(network.addresses) as reading:
        listener = threading.Thread(target=listen, args=(reading,))
        listener.start()
        with Load(opened) as load:
            for _ in range(ROUNDS // 2):
                load.wait_for(ROUND_CALLS)
                read_from = network.addresses.index(reading.nodes.current)
                network.kill(read_from)
                time.sleep(AWAY_S)
                network.launch(read_from)
                load.wait_for(ROUND_CALLS)
                network.await_ready(read_from)
        assert load.failures == []
        record(opened, "last")
        listener.join(60)
        assert not listener.is_alive(), f"{len(heard)} events were told, and not the last one"
    assert len(heard) == len(set(heard))
    assert {id for id, _ in load.acknowledged} < set(heard)
    assert set(heard) == set(contributions(load.contribute))
    # In the order of the ledger: of the calls of one caller each begins when the one before is final.
    for caller in range(len(load._threads)):
        own = [int(id.split("-")[1]) for id in heard if id.startswith(f"c{caller}-")]
        assert own == sorted(own)
