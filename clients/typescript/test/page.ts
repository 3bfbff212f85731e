/** Code that stands on a page of the documents, compiled as it stands. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { CHECKOUT } from "./devnet.js";

/** The first block of TypeScript of a page. */
export function blockOf(page: string): string {
  return /^```typescript\n([^]*?)^```/m.exec(readFileSync(join(CHECKOUT, page), "utf8"))![1]!;
}

/** What a block exports. */
export async function exportsOf<T>(block: string): Promise<T> {
  const compiled = join(import.meta.dirname, `page-${process.pid}.mjs`);
  writeFileSync(compiled, ts.transpile(block, { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }));
  try {
    return (await import(`${compiled}?${Date.now()}`)) as T;
  } finally {
    rmSync(compiled);
  }
}
