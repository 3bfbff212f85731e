/**
 * What validators sign, and who they are.
 *
 * ```text
 * header, 281 bytes
 *   version 1 [1] | chain id [32] | epoch [8] | view [8] | parent view [8] | height [8]
 *   | leader [32] | parent [32] | time ms [8] | transactions root [32] | count [4]
 *   | protocol version [4] | executed height [8] | state root [32] | results root [32]
 *   | next committee [32]
 *
 *   hash     SHA-256("stint.v1.header" 00 | header)
 *   signed   n | "stint-" chain id in hexadecimal "_FINALIZE" | epoch | view | parent view | hash [32]
 *            n = bytes of the text, and the three numbers, seven bits a byte, lowest first
 * ```
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { compare, concat, domainHash, hex, utf8 } from "../bytes.js";
import { Reader, require } from "./layout.js";

const VERSION = 1;
const HEADER_BYTES = 281;
/** Validators of one ledger. */
const VALIDATORS = 100;
const SIGNATURE_BYTES = 64;

/** The part of a block that validators sign, by its hash. */
export interface Header {
  readonly chainId: Uint8Array;
  readonly epoch: bigint;
  readonly view: bigint;
  readonly parentView: bigint;
  readonly height: bigint;
  readonly leader: Uint8Array;
  readonly parent: Uint8Array;
  /** Milliseconds since 1970, UTC. */
  readonly timeMs: bigint;
  readonly transactionsRoot: Uint8Array;
  readonly transactionCount: number;
  readonly protocolVersion: number;
  /** The newest height whose results are certified here. */
  readonly executedHeight: bigint;
  readonly stateRoot: Uint8Array;
  readonly resultsRoot: Uint8Array;
  /** Zero but in an epoch's last header. */
  readonly nextCommittee: Uint8Array;
  readonly hash: Uint8Array;
}

/** Takes a header off the front. */
export function readHeader(reader: Reader): Header {
  const encoded = reader.take(HEADER_BYTES);
  const r = new Reader(encoded);
  require(r.number(1) === VERSION);
  return {
    chainId: r.hash(),
    epoch: r.long(),
    view: r.long(),
    parentView: r.long(),
    height: r.long(),
    leader: r.hash(),
    parent: r.hash(),
    timeMs: r.long(),
    transactionsRoot: r.hash(),
    transactionCount: r.number(4),
    protocolVersion: r.number(4),
    executedHeight: r.long(),
    stateRoot: r.hash(),
    resultsRoot: r.hash(),
    nextCommittee: r.hash(),
    hash: domainHash("stint.v1.header", encoded),
  };
}

/** The bytes that a validator signs to make a header's block final in a round. */
function signedBytes(header: Header, view: bigint, parentView: bigint): Uint8Array {
  const namespace = utf8(`stint-${hex(header.chainId)}_FINALIZE`);
  const numbers = [header.epoch, view, parentView].map(varint);
  return concat(varint(BigInt(namespace.length)), namespace, ...numbers, header.hash);
}

/** The validators of an epoch: their keys in ascending order. */
export class Committee {
  constructor(readonly keys: readonly Uint8Array[]) {
    if (keys.length < 1 || keys.length > VALIDATORS) {
      throw new RangeError(`${keys.length} validators are given; a ledger has 1 to ${VALIDATORS}`);
    }
    if (!ascend(keys)) {
      throw new RangeError("the validators' keys are given in another order than ascending, or one of them twice");
    }
  }

  /** n [1] | n times: key [32], ascending. */
  static read(reader: Reader): Committee {
    const keys = reader.times(reader.number(1), () => reader.hash());
    require(keys.length >= 1 && keys.length <= VALIDATORS && ascend(keys));
    return new Committee(keys);
  }

  /** What an epoch's last header names the next committee by. */
  get hash(): Uint8Array {
    return domainHash("stint.v1.committee", ...this.keys);
  }

  /** Signatures that make a block final: of all but the most that may be faulty, less than a third. */
  get quorum(): number {
    return this.keys.length - Math.floor((this.keys.length - 1) / 3);
  }
}

/** A validator's place in the committee, and its signature. */
export interface Vote {
  readonly place: number;
  readonly signature: Uint8Array;
}

/** The votes that made a block final. */
export interface Certificate {
  /** How many validators there are. */
  readonly validators: number;
  /** The round of the votes: the header's own, or a later one in which the last block of an epoch was proposed again. */
  readonly view: bigint;
  readonly parentView: bigint;
  readonly votes: readonly Vote[];
}

/**
 * The three numbers, one bit for each validator, the first one highest, then a signature for each bit that is set.
 */
export function readCertificate(reader: Reader): Certificate {
  const [validators, view, parentView] = [reader.number(1), reader.long(), reader.long()];
  const bits = reader.take(Math.ceil(validators / 8));
  const places = [...Array(8 * bits.length).keys()].filter((place) => bits[place >> 3]! & (0x80 >> (place % 8)));
  require(places.every((place) => place < validators));
  const votes = places.map((place) => ({ place, signature: reader.take(SIGNATURE_BYTES) }));
  return { validators, view, parentView, votes };
}

/** True when a quorum of the committee made the header's block final. Signatures count by the rules of ZIP-215. */
export function certify(certificate: Certificate, header: Header, committee: Committee): boolean {
  const { validators, view, parentView, votes } = certificate;
  if (validators !== committee.keys.length || votes.length < committee.quorum) return false;
  const message = signedBytes(header, view, parentView);
  const holds = ({ place, signature }: Vote) =>
    ed25519.verify(signature, message, committee.keys[place]!, { zip215: true });
  return votes.every(holds);
}

function ascend(keys: readonly Uint8Array[]): boolean {
  return keys.every((key, i) => i === 0 || compare(keys[i - 1]!, key) < 0);
}

function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  for (; value >= 0x80n; value >>= 7n) out.push(Number(value & 0x7fn) | 0x80);
  return Uint8Array.from([...out, Number(value)]);
}
