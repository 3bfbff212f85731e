/** Why a call has no answer: refused, expired, or not answered yet. There is no "unknown". */
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, decodeBinaryHeader } from "@connectrpc/connect";
import type { SignedCall } from "./call.js";
import { ErrorInfoSchema, StatusSchema } from "./gen/google/rpc/status_pb.js";
import { type Receipt, ReceiptSchema } from "./gen/stint/v1/types_pb.js";

const RULE = "stint-rule";
const RECEIPT = "stint-receipt-bin";
const DETAILS = "grpc-status-details-bin";
const EXPIRED = "expired";
/** The rule of a node that cannot read what it stores. */
const DAMAGED = "node";
/** With a rule beside it, these codes say that the node cannot take the call now. */
const BUSY = new Set([Code.Unavailable, Code.ResourceExhausted]);
/** Without one, it was not a node that refused but the way to it. */
const BROKEN = new Set([Code.Unavailable, Code.Unknown, Code.Internal, Code.Canceled, Code.DeadlineExceeded]);
/** What a node that lags behind the others may say of a call that they would take. */
const OF_ONE_NODE = new Set(["unknown-key", "valid-until"]);

/** Every failure of a call. */
export abstract class StintError extends Error {
  constructor(
    message: string,
    /** The gRPC status code. */
    readonly code: Code,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/**
 * A node or a contract refused. `rule` is short and stable, for programs; the message says what was refused, why, and
 * what would be accepted; `facts` are its numbers by name.
 */
export class Refused extends StintError {
  override name = "Refused";
  private constructor(
    code: Code,
    readonly rule: string,
    /** Without the rule. */
    readonly reason: string,
    readonly facts: Readonly<Record<string, string>>,
    /** There when the call was ordered: the refusal is final, and the same id always leads to it. */
    readonly receipt: Receipt | undefined,
    cause: unknown,
  ) {
    super(`${rule ? `${rule}: ` : ""}${reason} (${Code[code]})`, code, cause);
  }

  /**
   * The refusal that a transport's error carries; without a rule when it came of the way, not of a node. What is no such
   * error is thrown on: nobody was asked.
   */
  static of(error: unknown): Refused {
    if (!(error instanceof ConnectError)) throw error;
    const rule = error.metadata.get(RULE) ?? "";
    const prefix = `${rule}: `;
    const reason =
      rule && error.rawMessage.startsWith(prefix) ? error.rawMessage.slice(prefix.length) : error.rawMessage;
    return new Refused(error.code, rule, reason, factsOf(error.metadata), receiptOf(error.metadata), error);
  }

  /** True when the ledger says that the call's last height is over. Nothing that a contract does is free. */
  get isExpiry(): boolean {
    return this.rule === EXPIRED && (this.receipt === undefined || this.receipt.fuelUsed === 0n);
  }

  /** True when the same call may be taken by another node, or by this one later. */
  get isTransient(): boolean {
    if (this.receipt !== undefined) return false;
    return this.rule === DAMAGED || (this.rule ? BUSY : BROKEN).has(this.code);
  }

  /** True when a node that is up to date might say otherwise. */
  get isOfOneNode(): boolean {
    return this.receipt === undefined && OF_ONE_NODE.has(this.rule);
  }
}

/** The call was not executed up to `height`, its last one, and never will be. Sign it again under a new id. */
export class Expired extends StintError {
  override name = "Expired";
  constructor(readonly height: bigint) {
    super(
      `the call expired at height ${height}: it was not executed and never will be; call again`,
      Code.DeadlineExceeded,
    );
  }
}

/**
 * No node answered for as long as the caller had patience. A command may be on its way: `call` holds it, and `resume`
 * finds out what became of it, or brings it there; it is executed at most once.
 */
export class Unanswered extends StintError {
  override name = "Unanswered";
  /** Of a command. */
  call: SignedCall | undefined;
  constructor(patienceMs: number, last: Refused | undefined) {
    const why = last ? `; the last word was: ${last.message}` : "";
    super(`no node answered within ${patienceMs / 1000} s${why}`, Code.Unavailable);
  }
}

/** A node answers what no node of this ledger should: for example of another ledger, or another fact than asked. */
export class Strange extends StintError {
  override name = "Strange";
  constructor(message: string) {
    super(message, Code.DataLoss);
  }
}

/** The receipt in the trailers of a command, without response and events. */
export function receiptOf(trailers: Headers): Receipt | undefined {
  const encoded = trailers.get(RECEIPT);
  return encoded === null ? undefined : decodeBinaryHeader(encoded, ReceiptSchema);
}

function factsOf(trailers: Headers): Record<string, string> {
  const encoded = trailers.get(DETAILS);
  if (encoded === null) return {};
  const { details } = fromBinary(StatusSchema, decodeBinaryHeader(encoded));
  const info = details.map((detail) => anyUnpack(detail, ErrorInfoSchema)).find((found) => found !== undefined);
  return Object.fromEntries(Object.entries(info?.metadata ?? {}).filter(([name]) => name !== "rule"));
}
