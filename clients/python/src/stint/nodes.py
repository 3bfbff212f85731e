"""The nodes of a ledger: one is asked, and when it does not answer, the next.

1. What is asked may be asked twice: a query changes nothing, and a signed call is executed at most once.
2. An answer is never older than one that was given before: a node that lags is passed over.
3. A node that is reached but silent is left after `ATTEMPT_S`; the question goes to another one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import grpc

from .call import Metadata
from .errors import Refused, Unanswered

# How long a caller waits unless it says otherwise, seconds.
PATIENCE_S = 60.0
# How long one node may be silent, seconds: a busy ledger is final within one, a change of leader takes a few.
ATTEMPT_S = 15.0
# Between two attempts, seconds: so many at first, twice as many each time, but no more than the second.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 1.0
# A page of state, or a simulation with all that it read and wrote.
LARGEST_ANSWER = 80 << 20

HEIGHT = "stint-height"

_OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST_ANSWER),
    # A node that comes back is noticed soon.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A connection that leads nowhere is noticed without traffic.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Proxies of the environment are for other traffic.
    ("grpc.enable_http_proxy", 0),
)

Told = TypeVar("Told")


@dataclass(frozen=True)
class Reply:
    """What a node answered, still encoded."""

    message: bytes
    initial: dict[str, str | bytes]
    trailing: dict[str, str | bytes]

    @property
    def height(self) -> int:
        """Of a command its block; of a query the state that was read; 0 where neither is told."""
        return int(self.trailing.get(HEIGHT) or self.initial.get(HEIGHT) or 0)


class Nodes:
    """Connections to all nodes that are known. Safe to use from many threads."""

    def __init__(self, addresses: Sequence[str], credentials: grpc.ChannelCredentials | None = None) -> None:
        if not addresses:
            raise ValueError("no address was given; name at least one node, for example 127.0.0.1:36981")
        self.addresses = tuple(addresses)
        self._channels = [_open(address, credentials) for address in addresses]
        self._lock = threading.Lock()
        self._current = 0
        self._newest_height = 0

    @property
    def newest_height(self) -> int:
        """The newest height of which any answer told."""
        return self._newest_height

    @property
    def current(self) -> str:
        """The address of the node that is asked now."""
        return self.addresses[self._current]

    def channel(self) -> grpc.Channel:
        """The connection to the node that is asked now."""
        return self._channels[self._current]

    def ask(
        self,
        method: str,
        request: bytes,
        metadata: Metadata = (),
        *,
        patience_s: float = PATIENCE_S,
        fresh: bool = False,
    ) -> Reply:
        """Asks one node after the other until one answers; raises Refused, or Unanswered when `patience_s` are over.
        With `fresh`, an answer from a state older than one already seen counts as none."""

        def once(channel: grpc.Channel, timeout_s: float) -> Reply | None:
            reply = _unary(channel, method, request, metadata, timeout_s)
            if fresh and reply.height < self._newest_height:
                return None
            self.saw(reply.height)
            return reply

        return self.try_each(once, patience_s)

    def try_each(self, once: Callable[[grpc.Channel, float], Told | None], patience_s: float = PATIENCE_S) -> Told:
        """Does something with one node after the other until it has an answer; None stands for one that lags."""
        end = time.monotonic() + patience_s
        pause_s, last, doubts = FIRST_PAUSE_S, None, 0
        while (left_s := end - time.monotonic()) > 0:
            tried = self._current
            try:
                told = once(self._channels[tried], min(left_s, ATTEMPT_S))
                if told is not None:
                    return told
            except grpc.RpcError as error:
                last = Refused.of(error)
                doubts += last.is_of_one_node
                # What every node says is so.
                if not last.is_transient and not (last.is_of_one_node and doubts < len(self._channels)):
                    raise last from error
            self.leave(self.addresses[tried])
            time.sleep(min(pause_s, max(0.0, end - time.monotonic())))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        raise Unanswered(patience_s, last)

    def saw(self, height: int) -> None:
        """Remembers that a height is final."""
        with self._lock:
            self._newest_height = max(self._newest_height, height)

    def leave(self, address: str) -> None:
        """Asks the next node from now on, unless another thread has moved on already."""
        with self._lock:
            if self.current == address:
                self._current = (self._current + 1) % len(self._channels)

    def close(self) -> None:
        """Ends all connections."""
        for channel in self._channels:
            channel.close()


def _open(address: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
    if credentials is None:
        return grpc.insecure_channel(address, _OPTIONS)
    return grpc.secure_channel(address, credentials, _OPTIONS)


def _unary(channel: grpc.Channel, method: str, request: bytes, metadata: Metadata, timeout_s: float) -> Reply:
    # Without serializers bytes travel as they are.
    message, call = channel.unary_unary(method).with_call(request, metadata=metadata, timeout=timeout_s)
    return Reply(message, dict(call.initial_metadata() or ()), dict(call.trailing_metadata() or ()))
