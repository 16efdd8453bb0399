/**
 * `node verify-batch-cli.js FILE` verifies many records held in one file, one JSON object a line:
 * `{"name", "trust": [verifier keys], "files": {path: base64 or number of zero bytes}}`; prints `{"name", "report"}` lines.
 *
 * For tests of the two verifiers against each other: some broken records cannot be written to a disk (a path `a/../b`).
 */
import { readFileSync } from "node:fs";

import type { Bytes } from "../verify/bytes";
import { MemorySource, verify } from "../verify/index";

interface Task {
  readonly name: string;
  readonly trust: readonly string[];
  readonly files: Readonly<Record<string, string | number>>;
}

const bytesOf = (content: string | number): Bytes =>
  typeof content === "number" ? new Uint8Array(content) : new Uint8Array(Buffer.from(content, "base64"));

async function main(file: string | undefined): Promise<void> {
  if (file === undefined) throw new Error("usage: node verify-batch-cli.js FILE");
  for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const { name, trust, files } = JSON.parse(line) as Task;
    const contents = new Map(Object.entries(files).map(([path, content]) => [path, bytesOf(content)]));
    console.log(JSON.stringify({ name, report: await verify(new MemorySource(contents), trust) }));
  }
}

main(process.argv[2]).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
