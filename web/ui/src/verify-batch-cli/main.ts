/**
 * `node verify-batch-cli.js FILE` verifies many records held in one file, one JSON object a line:
 * `{"name", "trust": [verifier keys], "files": {path: base64 or number of zero bytes}}`; prints `{"name", "report"}` lines.
 * With `"flips": [[path, bit], …]` the record is verified once for each, with that bit of that file turned over, and a line
 * `[[code, subject, severity], …]` is printed for each.
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
  readonly flips?: readonly (readonly [path: string, bit: number])[];
}

const bytesOf = (content: string | number): Bytes =>
  typeof content === "number" ? new Uint8Array(content) : new Uint8Array(Buffer.from(content, "base64"));

async function main(file: string | undefined): Promise<void> {
  if (file === undefined) throw new Error("usage: node verify-batch-cli.js FILE");
  for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
    const { name, trust, files, flips } = JSON.parse(line) as Task;
    const contents = new Map(Object.entries(files).map(([path, content]) => [path, bytesOf(content)]));
    if (flips === undefined) {
      console.log(JSON.stringify({ name, report: await verify(new MemorySource(contents), trust) }));
    } else {
      for (const [path, bit] of flips) console.log(JSON.stringify(await flipped(contents, trust, path, bit)));
    }
  }
}

/** What is found when one bit is turned over; bit 0 is the lowest of the first byte. */
async function flipped(
  contents: ReadonlyMap<string, Bytes>,
  trust: readonly string[],
  path: string,
  bit: number,
): Promise<readonly (readonly [string, string, string])[]> {
  const changed = (contents.get(path) ?? new Uint8Array()).slice();
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  const report = await verify(new MemorySource(new Map([...contents, [path, changed]])), trust);
  return report.findings.map(({ code, subject, severity }) => [code, subject, severity] as const);
}

main(process.argv[2]).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
