"""Why a call has no answer: refused, expired, or not answered yet. There is no "unknown".

All are `grpc.RpcError`s with `code()` and `details()`, so code written for plain stubs keeps working.
"""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from .call import SignedCall
from .v1 import types_pb2

RULE = "stint-rule"
RECEIPT = "stint-receipt-bin"
_EXPIRED = "expired"
# The rule of a node that cannot read what it stores.
_DAMAGED = "node"

# With a rule beside it, these codes say that the node cannot take the call now.
_BUSY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
# Without one, it was not a node that refused but the way to it.
_BROKEN = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}
# What a node that lags behind the others may say of a call that they would take.
_OF_ONE_NODE = {"unknown-key", "valid-until"}


class StintError(grpc.RpcError):
    """Every failure of a call."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self._code = code
        self.message = message

    def code(self) -> grpc.StatusCode:
        """The gRPC status code."""
        return self._code

    def details(self) -> str:
        """The message, as plain stubs name it."""
        return self.message


class Refused(StintError):
    """A node or a contract refused. `rule` is short and stable, for programs; the message says what was refused, why,
    and what would be accepted; `facts` are its numbers by name."""

    def __init__(
        self,
        code: grpc.StatusCode,
        rule: str,
        message: str,
        facts: Mapping[str, str],
        receipt: types_pb2.Receipt | None = None,
    ) -> None:
        super().__init__(code, message)
        self.rule = rule
        self.facts = dict(facts)
        # There when the call was ordered: the refusal is final, and the same id always leads to it.
        self.receipt = receipt

    def __str__(self) -> str:
        named = f"{self.rule}: {self.message}" if self.rule else self.message
        return f"{named} ({self._code.name})"

    @classmethod
    def of(cls, error: grpc.RpcError) -> Refused:
        """The refusal that a status carries; without a rule when it came of the way, not of a node."""
        metadata = dict(error.trailing_metadata() or ())
        rule = str(metadata.get(RULE, ""))
        receipt = metadata.get(RECEIPT)
        return cls(
            error.code(),
            rule,
            (error.details() or "").removeprefix(f"{rule}: "),
            _facts(error),
            types_pb2.Receipt.FromString(receipt) if receipt is not None else None,
        )

    @property
    def is_expiry(self) -> bool:
        """True when the ledger says that the call's last height is over. A contract may name a rule of its own so, but
        nothing that a contract does is free."""
        return self.rule == _EXPIRED and (self.receipt is None or self.receipt.fuel_used == 0)

    @property
    def is_transient(self) -> bool:
        """True when the same call may be taken by another node, or by this one later."""
        if self.receipt is not None:
            return False
        return self.rule == _DAMAGED or self._code in (_BUSY if self.rule else _BROKEN)

    @property
    def is_of_one_node(self) -> bool:
        """True when a node that is up to date might say otherwise."""
        return self.receipt is None and self.rule in _OF_ONE_NODE


class Expired(StintError):
    """The call was not executed up to `height`, its last one, and never will be. Sign it again under a new id."""

    def __init__(self, height: int) -> None:
        message = f"the call expired at height {height}: it was not executed and never will be; call again"
        super().__init__(grpc.StatusCode.DEADLINE_EXCEEDED, message)
        self.height = height


class Unanswered(StintError):
    """No node answered for as long as the caller had patience. A command may be on its way: `call` holds it, and
    `Ledger.resume(call)` finds out what became of it, or brings it there; it is executed at most once."""

    def __init__(self, patience_s: float, last: Refused | None) -> None:
        why = f"; the last word was: {last}" if last else ""
        super().__init__(grpc.StatusCode.UNAVAILABLE, f"no node answered within {patience_s:g} s{why}")
        # Of a command.
        self.call: SignedCall | None = None


class Strange(StintError):
    """A node answers what no node of this ledger should: for example of another ledger, or another fact than asked."""

    def __init__(self, message: str) -> None:
        super().__init__(grpc.StatusCode.DATA_LOSS, message)


def _facts(error: grpc.RpcError) -> dict[str, str]:
    """The refusal's details, from `google.rpc.ErrorInfo` in the trailers."""
    try:
        status = rpc_status.from_call(error)
    except ValueError:
        # Code or message differ from those of the details: nothing of them is believed.
        return {}
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else ():
        if detail.Unpack(info):
            return {name: fact for name, fact in info.metadata.items() if name != "rule"}
    return {}
