"""What services there are and which of their methods are queries, learnt from a node by server reflection."""

from __future__ import annotations

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from .nodes import Nodes


class Descriptors:
    """Descriptors of a ledger's services; each is asked for once."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._services: dict[str, ServiceDescriptor] = {}

    def names(self) -> list[str]:
        """All services that the node offers now, contracts' and its own."""
        database = ProtoReflectionDescriptorDatabase
        return sorted(self._nodes.try_each(lambda channel, _: list(database(channel).get_services())))

    def service(self, name: str) -> ServiceDescriptor:
        """A deployed contract's service, or one of the node's own; raises LookupError."""
        if name not in self._services:
            self._services[name] = self._nodes.try_each(lambda channel, _: _reflected(channel, name))
        return self._services[name]

    def method(self, path: str) -> MethodDescriptor:
        """`/package.Service/Method` as generated code has it, else as the node does; raises LookupError."""
        service, _, name = path.removeprefix("/").partition("/")
        try:
            return descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
        except KeyError:
            offered = self.service(service).methods_by_name
        if name not in offered:
            raise LookupError(f"{service} has no method {name} here; it has {', '.join(offered)}")
        return offered[name]


def is_query(method: MethodDescriptor) -> bool:
    """Whether the method is marked as having no side effects."""
    return bool(method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS)


def _reflected(channel: grpc.Channel, name: str) -> ServiceDescriptor:
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    try:
        return pool.FindServiceByName(name)
    except KeyError as error:
        hint = "`Ledger.descriptors.names()` lists those that are"
        raise LookupError(f"no service {name} is deployed here; {hint}") from error
