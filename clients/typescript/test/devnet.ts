/** Validators as processes of this machine, for the tests: on loopback and in a folder of their own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The checkout; tests run compiled, in `clients/typescript/build/test`. */
export const CHECKOUT = join(import.meta.dirname, "../../../..");

/** The `stint` program, from the environment. */
export function program(): string {
  const found = process.env["STINT_BIN"];
  if (!found)
    throw new Error(
      "STINT_BIN names no program; set it to the path of `stint`, for example ~/.cache/stint/target/release/stint",
    );
  return found;
}

/** Some validators of one ledger, with the commons forge. */
export class Devnet {
  private readonly processes = new Map<number, ChildProcess>();
  private constructor(
    readonly folder: string,
    readonly addresses: string[],
  ) {}

  static async start(validators: number): Promise<Devnet> {
    const folder = mkdtempSync(join(tmpdir(), "stint-clients-"));
    execFileSync(program(), ["init", "--validators", String(validators), "--dir", folder]);
    const which = [...Array(validators).keys()];
    const devnet = new Devnet(
      folder,
      which.map((i) => addressOf(join(folder, `v${i + 1}`))),
    );
    await Promise.all(which.map((i) => devnet.restart(i)));
    execFileSync(program(), ["found", "forge", "--dir", folder]);
    return devnet;
  }

  get genesis(): Buffer {
    return readFileSync(join(this.folder, "genesis.json"));
  }

  get stewardKey(): string {
    return join(this.folder, "keys/steward.key");
  }

  get stewardSeed(): Buffer {
    return Buffer.from(readFileSync(this.stewardKey, "utf8").trim().split(" ")[1]!, "hex");
  }

  /** Ends all validators and removes the folder. */
  async close(): Promise<void> {
    // Nothing of them is kept, so nothing needs to be put in order.
    await Promise.all([...this.processes.keys()].map((i) => this.kill(i)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Ends a validator in the middle of whatever it does. */
  async kill(i: number): Promise<void> {
    const child = this.processes.get(i)!;
    this.processes.delete(i);
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }

  /** Stops a validator where it is: it is reached, and says nothing. */
  freeze(i: number): void {
    this.processes.get(i)!.kill("SIGSTOP");
  }

  /** Lets it go on. */
  thaw(i: number): void {
    this.processes.get(i)!.kill("SIGCONT");
  }

  /** Starts a validator that is not running, and waits until it answers. */
  async restart(i: number): Promise<void> {
    const folder = join(this.folder, `v${i + 1}`);
    const log = join(folder, "log.txt");
    const child = spawn(program(), ["run", "--until-stdin-ends", "--dir", folder], {
      stdio: ["pipe", "pipe", openSync(log, "a")],
    });
    this.processes.set(i, child);
    const first = await new Promise<string>((done) => {
      child.stdout!.once("data", (chunk: Buffer) => done(String(chunk)));
      child.once("exit", () => done("it ended"));
    });
    if (!first.startsWith("ready "))
      throw new Error(`a validator did not start: ${readFileSync(log, "utf8").slice(-2000)}`);
  }
}

function addressOf(folder: string): string {
  return /^grpc = "(.+)"/m.exec(readFileSync(join(folder, "node.toml"), "utf8"))![1]!;
}
