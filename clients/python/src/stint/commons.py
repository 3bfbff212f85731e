"""A commons as a gRPC channel: whatever generated stub is put on it, its commands are signed, resent and waited for.

>>> forge = ledger.commons("forge")
>>> contribute_pb2_grpc.ContributeStub(forge).Record(request)             # a generated stub
>>> forge.service("stint.contribute.v1.Contribute").Record(contribution={...})     # by reflection, nothing generated
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc

from .call import VALID_FOR, Metadata
from .descriptors import is_query
from .errors import RECEIPT, Strange
from .keys import Key
from .nodes import HEIGHT, PATIENCE_S, Reply
from .service import Service
from .v1 import types_pb2

if TYPE_CHECKING:
    from .ledger import Ledger

# Calls under way at once through `future`.
FUTURES = 64


@dataclass(frozen=True)
class Answer:
    """What a method answered, and after which block. It stands in for the `grpc.Call` of `with_call`."""

    response: Any
    # The block of the command; of a query the state that was read.
    height: int
    # Of a command, without response and events; `Ledger.receipt` gives all of it.
    receipt: types_pb2.Receipt | None = None
    _trailing: dict[str, str | bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def of_query(cls, reply: Reply, parse: Callable[[bytes], Any]) -> Answer:
        return cls(parse(reply.message), reply.height)

    @classmethod
    def of_command(cls, reply: Reply, parse: Callable[[bytes], Any]) -> Answer:
        if RECEIPT not in reply.trailing:
            raise Strange("a command was answered without its receipt; ask `Ledger.receipt` for it, or another node")
        receipt = types_pb2.Receipt.FromString(reply.trailing[RECEIPT])
        return cls(parse(reply.message), reply.height, receipt, reply.trailing)

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK

    def trailing_metadata(self) -> Metadata:
        return tuple(self._trailing.items())


@dataclass(frozen=True)
class Options:
    """How one call is made."""

    # Of a command: its id, 16 bytes; drawn at random when left out.
    id: bytes | None = None
    # Of a command: for how many heights it stays valid.
    valid_for: int = VALID_FOR
    # Of a command: most fuel to burn; 0 asks for the ledger's limit.
    fuel_limit: int = 0
    # Of a query: on the state after this block; 0 for the newest.
    height: int = 0
    # How long to wait, seconds.
    patience_s: float = PATIENCE_S


class Commons(grpc.Channel):
    """A commons, reached through any node of its ledger."""

    def __init__(self, ledger: Ledger, name: str, key: Key | None) -> None:
        self.ledger = ledger
        self.name = name
        self._key = key
        self._pool: ThreadPoolExecutor | None = None

    def service(self, name: str) -> Service:
        """A contract by its full service name; its methods take dictionaries or messages."""
        return Service(self, self.ledger.descriptors.service(name))

    def query(self, method: str, request: bytes, parse: Callable[[bytes], Any], options: Options) -> Answer:
        """Asks a query; with no height given, never of a state older than any seen before."""
        metadata: Metadata = (("stint-commons", self.name),)
        if options.height:
            metadata += ((HEIGHT, str(options.height)),)
        nodes = self.ledger.nodes
        fresh = options.height == 0
        return Answer.of_query(nodes.ask(method, request, metadata, patience_s=options.patience_s, fresh=fresh), parse)

    def command(self, method: str, request: bytes, parse: Callable[[bytes], Any], options: Options) -> Answer:
        """Signs a command and waits until it is final."""
        if self._key is None:
            raise ValueError(f"{method} is a command and must be signed: open the ledger or the commons with key=")
        signed = self.ledger.sign(
            self._key,
            self.name,
            method,
            request,
            id=options.id,
            valid_for=options.valid_for,
            fuel_limit=options.fuel_limit,
        )
        return Answer.of_command(self.ledger.submit(signed, patience_s=options.patience_s), parse)

    def call(self, method: str, request: bytes, parse: Callable[[bytes], Any], options: Options) -> Answer:
        """Asks a query or signs a command, whichever the method is."""
        ask = self.query if is_query(self.ledger.descriptors.method(method)) else self.command
        return ask(method, request, parse, options)

    # What generated stubs ask of a channel.

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes] | None = None,
        response_deserializer: Callable[[bytes], Any] | None = None,
        _registered_method: bool | None = False,
    ) -> grpc.UnaryUnaryMultiCallable:
        return _Method(self, method, request_serializer or bytes, response_deserializer or bytes)

    def unary_stream(self, *args: Any, **kwargs: Any) -> grpc.UnaryStreamMultiCallable:
        """Streams are of the ledger, not of contracts: they go to the current node as they are."""
        return self.ledger.nodes.channel().unary_stream(*args, **kwargs)

    def stream_unary(self, *args: Any, **kwargs: Any) -> grpc.StreamUnaryMultiCallable:
        return self.ledger.nodes.channel().stream_unary(*args, **kwargs)

    def stream_stream(self, *args: Any, **kwargs: Any) -> grpc.StreamStreamMultiCallable:
        return self.ledger.nodes.channel().stream_stream(*args, **kwargs)

    def subscribe(
        self, callback: Callable[[grpc.ChannelConnectivity], None], try_to_connect: bool | None = False
    ) -> None:
        self.ledger.nodes.channel().subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[[grpc.ChannelConnectivity], None]) -> None:
        self.ledger.nodes.channel().unsubscribe(callback)

    def submit_future(self, work: Callable[[], Any]) -> Future[Any]:
        """Does work on a thread of this commons."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(FUTURES, thread_name_prefix=f"stint-{self.name}")
        return self._pool.submit(work)

    def close(self) -> None:
        """Waits for calls under way through `future`. Connections are the ledger's."""
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Commons:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class _Method(grpc.UnaryUnaryMultiCallable):
    """One method of a generated stub."""

    commons: Commons
    path: str
    serialize: Callable[[Any], bytes]
    parse: Callable[[bytes], Any]

    def __call__(self, request: Any, timeout: float | None = None, metadata: Any = None, **_: Any) -> Any:
        return self._answer(request, timeout, metadata).response

    def with_call(
        self, request: Any, timeout: float | None = None, metadata: Any = None, **_: Any
    ) -> tuple[Any, Answer]:
        answer = self._answer(request, timeout, metadata)
        return answer.response, answer

    def future(self, request: Any, timeout: float | None = None, metadata: Any = None, **_: Any) -> Future[Any]:
        return self.commons.submit_future(lambda: self._answer(request, timeout, metadata).response)

    def _answer(self, request: Any, timeout: float | None, metadata: Any) -> Answer:
        height = dict(metadata or ()).get(HEIGHT, 0)
        options = Options(height=int(height), patience_s=PATIENCE_S if timeout is None else timeout)
        return self.commons.call(self.path, self.serialize(request), self.parse, options)
