/**
 * A fact under signatures, and its check.
 *
 * ```text
 * proof      version 1 [1] | kind [1] | h [2] | h times: handover | chain | votes | body
 * handover   chain | votes | next committee     the last header of an epoch that names other validators
 * chain      n [1] | n times: header [281]      the header meant, then its descendants; n >= 1
 * votes      n [1] | view [8] | parent view [8] | one bit for each of n validators [n / 8, rounded up]
 *            | 64 bytes for each bit that is set; over the last header of the chain
 * committee  n [1] | n times: key [32], ascending
 *
 * body of kind 0, a block        t [4] | transaction [t] …, as many as the header counts
 *         kind 1, state          led | part of the tree (tree.ts)
 *         kind 2, a receipt      led | index [4] | path | e [4] | r [4] | events root [32] | receipt [r]
 *         kind 3, an event       as kind 2 | index [4] | path | v [4] | event [v]
 *         kind 4, all receipts   led | for each receipt: r [4] | receipt [r] | e [4] | e times: v [4] | event [v]
 *
 * led        height [8] | results before [32] | l [1] | l times: outcome [76]
 *            what that height and those after it led to, up to the one that the header certifies
 * outcome    state root [32] | receipts root [32] | receipts [4] | time ms [8]
 * path       n [1] | n times: hash [32], lowest first
 * ```
 */
import { bigEndian, concat, domainHash, equal } from "../bytes.js";
import { type Certificate, Committee, type Header, certify, readCertificate, readHeader } from "./header.js";
import { Invalid, Reader, Why, require } from "./layout.js";
import * as merkle from "./merkle.js";
import { type Shown, readTree } from "./tree.js";

/** The largest proof, bytes. */
export const PROOF_BYTES = 16 << 20;
const VERSION = 1;
const OUTCOME_BYTES = 76;
const LAST_EPOCH = 2n ** 64n - 1n;

/** Whom the reader of a proof believes from the start: the validators of one epoch. */
export interface Trust {
  readonly chainId: Uint8Array;
  readonly epoch: bigint;
  readonly committee: Committee;
}

/** The receipt of the call at `index` of block `height`: `stint.v1.Receipt` without its `events`, which are so many. */
export interface ReceiptFact {
  readonly kind: "receipt";
  readonly height: bigint;
  readonly index: number;
  readonly events: number;
  readonly receipt: Uint8Array;
}

/** What a proof proves. */
export type Fact =
  /** The header's block holds these transactions, in this order. */
  | { readonly kind: "block"; readonly transactions: Uint8Array[] }
  /** The state after block `height`, as far as it is shown. */
  | { readonly kind: "state"; readonly height: bigint; readonly shown: Shown }
  | ReceiptFact
  /** One event of the receipt of a call: `stint.v1.Event`. */
  | { readonly kind: "event"; readonly receipt: ReceiptFact; readonly index: number; readonly event: Uint8Array }
  /** All receipts of block `height`, each with its events. */
  | {
      readonly kind: "receipts";
      readonly height: bigint;
      readonly receipts: { readonly receipt: Uint8Array; readonly events: Uint8Array[] }[];
    };

/** A fact, the final header under which it stands, and whom to believe from here on. */
export interface Proven {
  readonly header: Header;
  readonly trust: Trust;
  readonly fact: Fact;
}

/** A fact that was read, and whether it stands under the header. */
interface Judged<F extends Fact = Fact> {
  readonly fact: F;
  readonly holds: boolean;
}

/**
 * Checks a proof; throws Invalid. What it answers holds on the ledger if at most a third of the validators of each
 * epoch concerned are faulty.
 */
export function verify(trust: Trust, proof: Uint8Array): Proven {
  require(proof.length <= PROOF_BYTES);
  const reader = new Reader(proof);
  require(reader.number(1) === VERSION);
  const kind = reader.number(1);
  for (let left = reader.number(2); left > 0; left--) trust = handedOver(reader, trust);
  const header = finalHeader(readChain(reader), trust);
  const { fact, holds } = readBody(kind, reader, header);
  require(reader.empty);
  require(holds, Why.otherFact);
  return { header, trust: { ...trust, epoch: header.epoch }, fact };
}

/** Whom the last header of an epoch names. */
function handedOver(reader: Reader, trust: Trust): Trust {
  const chain = readChain(reader);
  const committee = Committee.read(reader);
  const named = chain.headers[0];
  // What led to the validators who are believed already needs no check.
  if (named !== undefined && named.epoch < trust.epoch) return trust;
  const last = finalHeader(chain, trust);
  require(last.epoch < LAST_EPOCH);
  require(equal(last.nextCommittee, committee.hash), Why.otherCommittee);
  return { chainId: trust.chainId, epoch: last.epoch + 1n, committee };
}

interface SignedChain {
  readonly headers: Header[];
  readonly certificate: Certificate;
}

function readChain(reader: Reader): SignedChain {
  const headers = reader.times(reader.number(1), () => readHeader(reader));
  return { headers, certificate: readCertificate(reader) };
}

/**
 * The first header, once it is known to be final: what makes a descendant final makes it final too. Epochs may end on
 * the way, but not the time of the validators: whose header names others has no descendants of theirs.
 */
function finalHeader({ headers, certificate }: SignedChain, trust: Trust): Header {
  const [first, last] = [headers[0], headers.at(-1)];
  require(first !== undefined && last !== undefined);
  for (const header of headers) {
    require(equal(header.chainId, trust.chainId), Why.otherLedger);
    require(header.epoch >= trust.epoch, Why.otherEpoch);
  }
  require(
    headers.slice(0, -1).every((header) => header.nextCommittee.every((byte) => byte === 0)),
    Why.otherEpoch,
  );
  headers.slice(1).forEach((child, i) => {
    const parent = headers[i]!;
    require(equal(child.parent, parent.hash) && child.height === parent.height + 1n, Why.brokenChain);
  });
  require(certify(certificate, last, trust.committee), Why.signatures);
  return first;
}

/** What a block led to, and the way up to the header. */
class Led {
  private constructor(
    readonly height: bigint,
    private readonly before: Uint8Array,
    private readonly outcomes: Uint8Array[],
  ) {}

  static read(reader: Reader): Led {
    const [height, before] = [reader.long(), reader.hash()];
    return new Led(
      height,
      before,
      reader.times(reader.number(1), () => reader.take(OUTCOME_BYTES)),
    );
  }

  /** What the block led to, if the header certifies it. */
  under(header: Header): { stateRoot: Uint8Array; receiptsRoot: Uint8Array; receipts: number } | undefined {
    const hang = (before: Uint8Array, outcome: Uint8Array, i: number) =>
      domainHash("stint.v1.results", before, bigEndian(BigInt.asUintN(64, this.height + BigInt(i)), 8), outcome);
    const last = this.height + BigInt(this.outcomes.length) - 1n;
    const first = this.outcomes[0];
    const certified =
      equal(this.outcomes.reduce(hang, this.before), header.resultsRoot) && last === header.executedHeight;
    if (first === undefined || !certified) return undefined;
    const r = new Reader(first);
    return { stateRoot: r.hash(), receiptsRoot: r.hash(), receipts: r.number(4) };
  }
}

function readBody(kind: number, reader: Reader, header: Header): Judged {
  switch (kind) {
    case 0:
      return readBlock(reader, header);
    case 1:
      return readState(reader, header);
    case 2:
      return readReceipt(reader, header);
    case 3:
      return readEvent(reader, header);
    case 4:
      return readReceipts(reader, header);
    default:
      throw new Invalid(Why.malformed);
  }
}

function readBlock(reader: Reader, header: Header): Judged {
  const transactions = reader.times(header.transactionCount, () => reader.sized());
  return { fact: { kind: "block", transactions }, holds: equal(merkle.root(transactions), header.transactionsRoot) };
}

function readState(reader: Reader, header: Header): Judged {
  const led = Led.read(reader);
  const { shown, root } = readTree(reader);
  const outcome = led.under(header);
  return { fact: { kind: "state", height: led.height, shown }, holds: !!outcome && equal(outcome.stateRoot, root) };
}

function readReceipt(reader: Reader, header: Header): Judged<ReceiptFact> & { eventsRoot: Uint8Array } {
  const led = Led.read(reader);
  const [index, path] = [reader.number(4), readPath(reader)];
  const [events, size] = [reader.number(4), reader.number(4)];
  const eventsRoot = reader.hash();
  const receipt = reader.take(size);
  const outcome = led.under(header);
  const item = receiptItem(receipt, eventsRoot, events);
  const root = outcome && merkle.rootOfPath(item, index, outcome.receipts, path);
  const holds = !!root && equal(root, outcome.receiptsRoot);
  return { fact: { kind: "receipt", height: led.height, index, events, receipt }, holds, eventsRoot };
}

function readEvent(reader: Reader, header: Header): Judged {
  const { fact: receipt, holds, eventsRoot } = readReceipt(reader, header);
  const [index, path, event] = [reader.number(4), readPath(reader), reader.sized()];
  const root = merkle.rootOfPath(event, index, receipt.events, path);
  return { fact: { kind: "event", receipt, index, event }, holds: holds && !!root && equal(root, eventsRoot) };
}

function readReceipts(reader: Reader, header: Header): Judged {
  const led = Led.read(reader);
  const outcome = led.under(header);
  // Without an outcome nobody knows how many receipts follow.
  require(outcome !== undefined, Why.otherFact);
  const receipts = reader.times(outcome.receipts, () => {
    const receipt = reader.sized();
    return { receipt, events: reader.times(reader.number(4), () => reader.sized()) };
  });
  const items = receipts.map((r) => receiptItem(r.receipt, merkle.root(r.events), r.events.length));
  return {
    fact: { kind: "receipts", height: led.height, receipts },
    holds: equal(merkle.root(items), outcome.receiptsRoot),
  };
}

/** What stands for a receipt under the receipts root, so that one event can be shown without the others. */
function receiptItem(receipt: Uint8Array, eventsRoot: Uint8Array, events: number): Uint8Array {
  return concat(eventsRoot, bigEndian(events, 4), receipt);
}

function readPath(reader: Reader): Uint8Array[] {
  return reader.times(reader.number(1), () => reader.hash());
}
