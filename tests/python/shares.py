"""Reads the shares of a commons twice: by reflection, knowing only the address, and by stubs.

usage: shares.py ADDRESS COMMONS FOLDER_WITH_THE_CONTRACTS_PROTO
"""

import json
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

SERVICE = "stint.contribute.v1.Contribute"


def rows(answer):
    return [
        {"author": s.author, "contributions": s.contributions, "basis_points": s.basis_points} for s in answer.shares
    ]


def by_reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = descriptor_pool.DescriptorPool(database)
    service = pool.FindServiceByName(SERVICE)
    method = service.FindMethodByName("GetShares")
    request = message_factory.GetMessageClass(method.input_type)
    response = message_factory.GetMessageClass(method.output_type)
    call = channel.unary_unary(
        f"/{SERVICE}/GetShares", request_serializer=request.SerializeToString, response_deserializer=response.FromString
    )
    no_side_effects = 1
    methods = {m.name: m.GetOptions().idempotency_level == no_side_effects for m in service.methods}
    return sorted(database.get_services()), methods, rows(call(request()))


def by_stubs(channel, metadata, include):
    with tempfile.TemporaryDirectory() as out:
        file = "stint/contribute/v1/contribute.proto"
        assert protoc.main(["protoc", f"-I{include}", f"--python_out={out}", f"--grpc_python_out={out}", file]) == 0
        sys.path.insert(0, out)
        from stint.contribute.v1 import contribute_pb2, contribute_pb2_grpc

        stub = contribute_pb2_grpc.ContributeStub(channel)
        shares = rows(stub.GetShares(contribute_pb2.GetSharesRequest(), metadata=metadata))
        try:
            stub.Record(contribute_pb2.RecordRequest(), metadata=metadata)
            refused = "OK"
        except grpc.RpcError as error:
            refused = error.code().name
        return shares, refused


def main():
    address, commons, include = sys.argv[1:]
    metadata = (("stint-commons", commons),)
    with grpc.insecure_channel(address) as channel:
        services, methods, reflected = by_reflection(channel)
        stubbed, refused = by_stubs(channel, metadata, include)
    shown = {
        "services": services,
        "methods": methods,
        "by_reflection": reflected,
        "by_stubs": stubbed,
        "unsigned_command": refused,
    }
    json.dump(shown, sys.stdout)


main()
