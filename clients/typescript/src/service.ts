/** A contract's service by its descriptor: requests and responses are plain JSON, as protobuf maps it. */
import {
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  type JsonObject,
  fromJson,
  toJson,
} from "@bufbuild/protobuf";
import type { Answer, Commons, Options } from "./commons.js";

/** One service of one commons. */
export class Service {
  constructor(
    private readonly commons: Commons,
    readonly descriptor: DescService,
  ) {}

  /** Asks a query, or signs a command and waits until it is final; throws Refused, Expired or Unanswered. */
  async call(name: string, request: JsonObject = {}, options: Options = {}): Promise<Answer<JsonObject>> {
    const method = this.method(name);
    const answer = await this.commons.call(method, fromJson(method.input, request) as never, options);
    return { ...answer, response: toJson(method.output, answer.response) as JsonObject };
  }

  private method(name: string): DescMethodUnary {
    const found = this.descriptor.methods.find((method) => method.name === name);
    if (!found) {
      const there = this.descriptor.methods.map((method) => method.name).join(", ");
      throw new TypeError(`${this.descriptor.typeName} has no method ${name}; it has ${there}`);
    }
    return unary(found);
  }
}

function unary(method: DescMethod): DescMethodUnary {
  if (method.methodKind === "unary") return method as DescMethodUnary;
  throw new TypeError(`${method.name} is a stream; only methods with one request and one response are called so`);
}
