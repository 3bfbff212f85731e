"""Streams of the ledger that go on whatever happens to the node they are read from.

With each message `WatchEvents`, `WatchReceipts` and `WatchBlocks` of `stint.v1.Ledger` give the place behind it: `next`
is a cursor that is the same on every node. A stream that breaks is asked again from there, of the next node, so that
nothing is missing and nothing comes twice.

1. A node that dies, stops, is silent, or has no room for another reader is left for the next one.
2. What is refused for good, such as a filter that means nothing, ends the stream with `Refused`; what a node no longer
   keeps does when no node keeps it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from .errors import Refused
from .nodes import FIRST_PAUSE_S, LONGEST_PAUSE_S, Nodes

# A node that says nothing for so long is taken for dead, seconds: it tells its progress every five.
SILENCE_S = 15.0
# How often that is looked at, seconds.
LOOK_S = 0.5


def watch(nodes: Nodes, method: MethodDescriptor, request: Message) -> Iterator[Any]:
    """The messages of a stream, for ever; those of progress too. `from` of the request moves with each one."""
    pause_s, let_go = FIRST_PAUSE_S, 0
    while True:
        tried = nodes.current
        try:
            for message in _once(nodes.channel(), method, request):
                getattr(request, "from").CopyFrom(message.next)
                pause_s, let_go = FIRST_PAUSE_S, 0
                yield message
        except grpc.RpcError as error:
            refused = Refused.of(error)
            is_let_go = refused.code() == grpc.StatusCode.OUT_OF_RANGE
            let_go = let_go + 1 if is_let_go else 0
            if let_go == len(nodes.addresses) or not (is_let_go or refused.is_transient):
                raise refused from error
        nodes.leave(tried)
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _once(channel: grpc.Channel, method: MethodDescriptor, request: Message) -> Iterator[Any]:
    """The messages of one node, until it ends, breaks or falls silent."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    parse = GetMessageClass(method.output_type).FromString
    call = channel.unary_stream(path, type(request).SerializeToString, parse)(request)
    ended, heard_s = threading.Event(), time.monotonic()
    waiting = threading.Event()
    waiting.set()

    def cancel_when_silent() -> None:
        while not ended.wait(LOOK_S):
            # Only a node that is waited for can be silent: a reader may take its time.
            if waiting.is_set() and time.monotonic() - heard_s > SILENCE_S:
                call.cancel()

    threading.Thread(target=cancel_when_silent, daemon=True).start()
    try:
        for message in call:
            waiting.clear()
            yield message
            heard_s = time.monotonic()
            waiting.set()
    finally:
        ended.set()
        call.cancel()
