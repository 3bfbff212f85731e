"""A contract's service by its descriptor: methods are attributes, requests are dictionaries or messages.

>>> contribute = forge.service("stint.contribute.v1.Contribute")
>>> contribute.Record(contribution={"id": "talk-1", "author": "ana", "kind": "talk", "quantity": "1", "date": today})
>>> contribute.GetShares.options(height=120)().shares
>>> contribute.Record.answer(contribution={...}).receipt.fuel_used
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from .descriptors import is_query

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from .commons import Answer, Commons, Options


class Service:
    """One service of one commons."""

    def __init__(self, commons: Commons, descriptor: ServiceDescriptor) -> None:
        self._commons = commons
        self._descriptor = descriptor

    def __getattr__(self, name: str) -> Method:
        from .commons import Options

        method = self._descriptor.methods_by_name.get(name)
        if method is None:
            there = ", ".join(self._descriptor.methods_by_name)
            raise AttributeError(f"{self._descriptor.full_name} has no method {name}; it has {there}")
        return Method(self._commons, method, Options())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._descriptor.methods_by_name]

    def __repr__(self) -> str:
        return f"Service({self._descriptor.full_name} of {self._commons.name})"


@dataclass(frozen=True)
class Method:
    """One method; calling it answers with its response message."""

    _commons: Commons
    _descriptor: MethodDescriptor
    _options: Options

    @property
    def is_query(self) -> bool:
        """Whether it changes nothing and needs no signature."""
        return is_query(self._descriptor)

    def options(self, **changes: Any) -> Method:
        """The same method, called otherwise; see `Options`."""
        return replace(self, _options=replace(self._options, **changes))

    def request(self, message: Message | None = None, /, **fields: Any) -> Message:
        """A request of this method: a message as it is, or one of these fields."""
        return message if message is not None else GetMessageClass(self._descriptor.input_type)(**fields)

    def __call__(self, message: Message | None = None, /, **fields: Any) -> Any:
        """Asks the query, or signs the command and waits until it is final; raises Refused, Expired or Unanswered."""
        return self.answer(message, **fields).response

    def answer(self, message: Message | None = None, /, **fields: Any) -> Answer:
        """The same with height and receipt."""
        request = self.request(message, **fields).SerializeToString()
        parse = GetMessageClass(self._descriptor.output_type).FromString
        path = f"/{self._descriptor.containing_service.full_name}/{self._descriptor.name}"
        call = self._commons.query if self.is_query else self._commons.command
        return call(path, request, parse, self._options)
