"""A ledger, as a program that uses it sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from . import proofs
from .call import VALID_FOR, Call, SignedCall, new_id
from .commons import Answer, Commons
from .descriptors import Descriptors
from .errors import Expired, Refused, Strange, Unanswered
from .keys import Key
from .nodes import PATIENCE_S, Nodes, Reply
from .streams import watch
from .v1 import ledger_pb2, types_pb2

# How old the height may be from which a call's last height is counted, seconds: less than a hundredth of its validity.
HEIGHT_AGE_S = 5.0

_LEDGER = "/stint.v1.Ledger/"

Response = TypeVar("Response", bound=Message)


class Ledger:
    """A ledger behind one or more of its nodes. Safe to use from many threads.

    >>> with Ledger(["127.0.0.1:36981"], key=Key.load("my/keys/steward.key")) as ledger:
    ...     ledger.commons("forge").service("stint.contribute.v1.Contribute").GetShares()
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        key: Key | None = None,
        genesis: bytes | None = None,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        """`addresses` are of nodes of one ledger, host:port. With the `genesis` file's bytes the ledger's name and its
        validators are known; without, the first node is believed which ledger this is, and nothing can be proved."""
        self.key = key
        self.nodes = Nodes(addresses, credentials)
        self.descriptors = Descriptors(self.nodes)
        self._trust = proofs.trust_of_genesis(genesis) if genesis is not None else None
        self._chain_id = self._trust.chain_id if self._trust else None
        self._height_asked = float("-inf")
        self._lock = threading.Lock()

    def commons(self, name: str, *, key: Key | None = None) -> Commons:
        """One commons: its services, and a gRPC channel for generated stubs. `key` signs instead of the ledger's."""
        return Commons(self, name, key or self.key)

    @property
    def chain_id(self) -> bytes:
        """The ledger's name: SHA-256 of its genesis file."""
        if self._chain_id is None:
            self._chain_id = bytes(self.status().chain_id)
        return self._chain_id

    def status(self) -> ledger_pb2.GetStatusResponse:
        """Where a node stands."""
        status = self.ask("GetStatus", ledger_pb2.GetStatusRequest(), ledger_pb2.GetStatusResponse)
        if self._chain_id is not None and status.chain_id != self._chain_id:
            raise Strange(f"a node of the ledger {status.chain_id.hex()} answers; meant is {self._chain_id.hex()}")
        self.nodes.saw(status.height)
        return status

    def ask(
        self, method: str, request: Message, response_type: type[Response], *, patience_s: float = PATIENCE_S
    ) -> Response:
        """A query of `stint.v1.Ledger` by its method's name."""
        reply = self.nodes.ask(_LEDGER + method, request.SerializeToString(), patience_s=patience_s)
        return response_type.FromString(reply.message)

    def sign(
        self,
        key: Key,
        commons: str,
        method: str,
        request: bytes,
        *,
        id: bytes | None = None,
        valid_for: int = VALID_FOR,
        fuel_limit: int = 0,
    ) -> SignedCall:
        """Signs a command, valid for so many heights from now on. Nothing is sent."""
        valid_until = self._recent_height() + valid_for
        call = Call(self.chain_id, commons, method, request, key.public, id or new_id(), valid_until, fuel_limit)
        return call.sign(key)

    def submit(self, signed: SignedCall, *, patience_s: float = PATIENCE_S) -> Reply:
        """Hands a signed call in until it is final; the same call again leads to the first receipt. Raises Refused,
        Expired, or Unanswered, which holds the call."""
        call = signed.call
        try:
            return self.nodes.ask(call.method, call.request, signed.metadata(), patience_s=patience_s)
        except Refused as refused:
            if refused.is_expiry:
                raise Expired(call.valid_until) from refused
            raise
        except Unanswered as unanswered:
            unanswered.call = signed
            raise

    def resume(self, signed: SignedCall, response_type: type[Message], *, patience_s: float = PATIENCE_S) -> Answer:
        """What became of a call that was handed in before; brings it to the ledger if it never arrived."""
        return Answer.of_command(self.submit(signed, patience_s=patience_s), response_type.FromString)

    def receipt(self, key: bytes, id: bytes) -> types_pb2.Receipt | None:
        """The receipt of a call by its key and id, with response and events; None while it is not final."""
        request = ledger_pb2.GetReceiptRequest(key=key, id=id)
        try:
            return self.ask("GetReceipt", request, ledger_pb2.GetReceiptResponse).receipt
        except Refused as refused:
            if refused.code() == grpc.StatusCode.NOT_FOUND:
                return None
            raise

    def prove(self, request: ledger_pb2.ProveRequest) -> proofs.Proven:
        """Any fact, checked against the genesis file's validators; raises Invalid. The typed ones below also check that
        it is the fact that was asked."""
        if self._trust is None:
            raise ValueError("proofs need whom to believe: open the ledger with genesis=, the genesis file's bytes")
        proof = self.ask("Prove", request, ledger_pb2.ProveResponse).proof
        return proofs.verify(self._trust, proof)

    def prove_receipt(self, key: bytes, id: bytes) -> types_pb2.Receipt:
        """The receipt of a call, without its events, proved."""
        name = ledger_pb2.CallName(key=key, id=id)
        return _receipt_asked(self.prove(ledger_pb2.ProveRequest(receipt=name)).fact, name)

    def prove_event(self, key: bytes, id: bytes, index: int) -> types_pb2.Event:
        """One event of a call, by its place from 0, proved."""
        name = ledger_pb2.CallName(key=key, id=id)
        request = ledger_pb2.ProveRequest(event=ledger_pb2.EventName(call=name, index=index))
        fact = self.prove(request).fact
        if not isinstance(fact, proofs.Event) or fact.index != index:
            raise _other_fact()
        _receipt_asked(fact.receipt, name)
        return types_pb2.Event.FromString(fact.event)

    def prove_state(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes | None]:
        """The values of keys of the whole state, proved; None where it is proved that the key is not there."""
        asked = list(keys)
        fact = self.prove(ledger_pb2.ProveRequest(state=ledger_pb2.StateParts(keys=asked))).fact
        if not isinstance(fact, proofs.State):
            raise _other_fact()
        return {key: fact.shown.get(key) for key in asked}

    def watch(self, method: str, **request: Any) -> Iterator[Any]:
        """What happens on the ledger, in order, for ever: `WatchEvents`, `WatchReceipts` or `WatchBlocks`, resumed on
        any node (`streams.py`). The fields are those of `stint.v1.WatchRequest`, for example
        `filter={"commons": "forge", "type": "Recorded"}`, and `start`, the `next` of a message, for its `from`."""
        start = request.pop("start", None)
        descriptor = self.descriptors.method(_LEDGER + method)
        wanted = GetMessageClass(descriptor.input_type)(**request)
        if start is not None:
            # Of a message that is described by another node the type is another one.
            getattr(wanted, "from").MergeFromString(start.SerializeToString())
            getattr(wanted, "from").SetInParent()
        return watch(self.nodes, descriptor, wanted)

    def _recent_height(self) -> int:
        with self._lock:
            stale = time.monotonic() - self._height_asked > HEIGHT_AGE_S
            if stale:
                self.status()
                self._height_asked = time.monotonic()
        return self.nodes.newest_height

    def close(self) -> None:
        """Ends all connections."""
        self.nodes.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _receipt_asked(fact: proofs.Fact, name: ledger_pb2.CallName) -> types_pb2.Receipt:
    """The proved receipt, if it is of the call that was asked."""
    if not isinstance(fact, proofs.Receipt):
        raise _other_fact()
    receipt = types_pb2.Receipt.FromString(fact.receipt)
    if (receipt.key, receipt.id) != (name.key, name.id):
        raise _other_fact()
    return receipt


def _other_fact() -> Strange:
    return Strange("the node proved another fact than the one that was asked; ask another node")
