// Builds the package where it lies, so that `npm install PATH_TO_THIS_FOLDER` is all that a user does: npm links the folder,
// and neither installs what it needs nor builds it.
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname;
const run = (program, ...args) => execFileSync(program, args, { cwd: folder, stdio: ["ignore", 2, 2] });
const writtenMs = (file) => statSync(join(folder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;

// npm writes the second file when it has installed what the first one says.
if (writtenMs("node_modules/.package-lock.json") < writtenMs("package-lock.json")) {
  run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
}
run(process.execPath, "node_modules/typescript/bin/tsc");
