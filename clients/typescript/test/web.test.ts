/**
 * The page of the examples in Chromium, on another origin than the node: a query, a signed command, a refusal, a proof.
 */
import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { CHECKOUT, Devnet } from "./devnet.js";

let devnet: Devnet;
before(async () => (devnet = await Devnet.start(1)));
after(() => devnet.close());

/** The browser, from the environment or the path. */
function browser(): string {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const found = names.flatMap((name) => process.env["PATH"]!.split(delimiter).map((folder) => join(folder, name)));
  const usable = [process.env["CHROMIUM_BIN"] ?? "", ...found].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!usable) throw new Error("no Chromium is found; install Debian's package chromium, or name one by CHROMIUM_BIN");
  return usable;
}

test("a page records, is refused, reads and proves", async () => {
  const bundle = await build({
    entryPoints: [join(CHECKOUT, "clients/typescript/examples/page.ts")],
    bundle: true,
    format: "iife",
    globalName: "example",
    platform: "browser",
    write: false,
  });
  const page = `<!doctype html><title>Stint</title><script>${bundle.outputFiles[0]!.text}</script>`;
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(page));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const opened = await chromium.launch({ executablePath: browser(), args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const tab = await opened.newPage();
    const problems: string[] = [];
    tab.on("pageerror", (error) => problems.push(error.message));
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const setting = {
      urls: [`http://${devnet.addresses[0]!}`],
      genesis: String(devnet.genesis),
      seed: [...devnet.stewardSeed],
    };
    const done = await tab.evaluate(
      (given) =>
        (globalThis as unknown as { example: typeof import("../examples/page.js") }).example.recordInTheBrowser(given),
      setting,
    );
    assert.deepEqual(done, { proved: true, rule: "id", authors: ["cy@example.org"] });
    assert.deepEqual(problems, []);
  } finally {
    await opened.close();
    server.closeAllConnections();
    server.close();
  }
});
