/** What services there are, learnt from a node by server reflection. Over gRPC, not over gRPC-web. */
import { type DescService, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Transport, createClient } from "@connectrpc/connect";
import { type ServerReflectionResponse, ServerReflection } from "./gen/grpc/reflection/v1/reflection_pb.js";
import type { Nodes } from "./nodes.js";

type Question = { case: "listServices" | "fileContainingSymbol"; value: string };

/** Descriptors of a ledger's services; each is asked for once. */
export class Descriptors {
  private readonly known = new Map<string, DescService>();
  constructor(private readonly nodes: Nodes) {}

  /** All services that the node offers now, contracts' and its own. */
  async names(): Promise<string[]> {
    const { messageResponse: told } = await this.ask({ case: "listServices", value: "" });
    return told.case === "listServicesResponse" ? told.value.service.map((service) => service.name).sort() : [];
  }

  /** A deployed contract's service, or one of the node's own; throws ConnectError when there is none. */
  async service(name: string): Promise<DescService> {
    const known = this.known.get(name);
    if (known) return known;
    const { messageResponse: told } = await this.ask({ case: "fileContainingSymbol", value: name });
    const encoded = told.case === "fileDescriptorResponse" ? told.value.fileDescriptorProto : [];
    const files = encoded.map((file) => fromBinary(FileDescriptorProtoSchema, file));
    const registry = files[0] && createFileRegistry(files[0], (wanted) => files.find((file) => file.name === wanted));
    const found = registry?.getService(name);
    if (!found) {
      const hint = "`ledger.descriptors.names()` lists those that are";
      throw new ConnectError(`no service ${name} is deployed here; ${hint}`, Code.NotFound);
    }
    this.known.set(name, found);
    return found;
  }

  private ask(question: Question): Promise<ServerReflectionResponse> {
    return this.nodes.tryEach((transport, timeoutMs) => reflect(transport, question, timeoutMs));
  }
}

async function reflect(transport: Transport, question: Question, timeoutMs: number): Promise<ServerReflectionResponse> {
  const asked = (async function* () {
    yield { messageRequest: question };
  })();
  for await (const answer of createClient(ServerReflection, transport).serverReflectionInfo(asked, { timeoutMs }))
    return answer;
  throw new ConnectError("the node ended the stream without an answer", Code.Unavailable);
}
