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
  private readonly processes: ChildProcess[] = [];
  private constructor(
    readonly folder: string,
    readonly addresses: string[],
  ) {}

  static async start(validators: number): Promise<Devnet> {
    const folder = mkdtempSync(join(tmpdir(), "stint-clients-"));
    execFileSync(program(), ["init", "--validators", String(validators), "--dir", folder]);
    const folders = Array.from({ length: validators }, (_, i) => join(folder, `v${i + 1}`));
    const devnet = new Devnet(folder, folders.map(addressOf));
    await Promise.all(folders.map((own) => devnet.launch(own)));
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
    const ended = this.processes.map((child) => new Promise((done) => child.once("exit", done)));
    this.processes.forEach((child) => child.stdin?.end());
    await Promise.all(ended);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async launch(folder: string): Promise<void> {
    const log = join(folder, "log.txt");
    const child = spawn(program(), ["run", "--until-stdin-ends", "--dir", folder], {
      stdio: ["pipe", "pipe", openSync(log, "a")],
    });
    this.processes.push(child);
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
