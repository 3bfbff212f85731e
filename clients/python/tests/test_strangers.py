"""Clients that are not ours: grpcio alone, with reflection of both versions."""

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

CONTRIBUTE = "stint.contribute.v1.Contribute"


@pytest.fixture
def channel(devnet):
    with grpc.insecure_channel(devnet.addresses[1]) as opened:
        yield opened


def test_reflection_lists_describes_and_calls(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert {CONTRIBUTE, "stint.v1.Ledger", "stint.v1.Kernel", "grpc.health.v1.Health"} <= set(database.get_services())
    service = descriptor_pool.DescriptorPool(database).FindServiceByName(CONTRIBUTE)
    queries = {m.name for m in service.methods if m.GetOptions().idempotency_level == 1}
    assert "GetShares" in queries and "Record" not in queries
    method = service.methods_by_name["GetShares"]
    request, response = (message_factory.GetMessageClass(t) for t in (method.input_type, method.output_type))
    call = channel.unary_unary(f"/{CONTRIBUTE}/GetShares", request.SerializeToString, response.FromString)
    answer, told = call.with_call(request(), metadata=(("stint-commons", "forge"),))
    assert answer.contributors >= 0 and int(dict(told.initial_metadata())["stint-height"]) > 0


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_both_versions_of_reflection_answer_alike(channel, version):
    """The two have the same messages under other names."""
    ask = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=f"{CONTRIBUTE}.Record"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.Such"),
    ]
    services, file, missing = ask(iter(asked))
    assert CONTRIBUTE in [s.name for s in services.list_services_response.service]
    first = descriptor_pb2.FileDescriptorProto.FromString(file.file_descriptor_response.file_descriptor_proto[0])
    assert first.package == "stint.contribute.v1"
    assert missing.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_an_unsigned_command_is_told_what_makes_it_one(channel):
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(f"/{CONTRIBUTE}/Record")(b"", metadata=(("stint-commons", "forge"),))
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert "stint-signature-bin" in refused.value.details()


def test_health_is_answered(channel):
    answer = channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
    assert answer == b"\x08\x01", "SERVING"
