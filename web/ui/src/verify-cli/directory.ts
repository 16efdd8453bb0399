/** A record in a folder, for Node. */
import { open, readdir, readFile, stat } from "node:fs/promises";
import { join, relative } from "node:path";

import type { Bytes } from "../verify/bytes";
import type { FileFact, RecordSource } from "../verify/source";

export class DirectorySource implements RecordSource {
  constructor(private readonly folder: string) {}

  async files(): Promise<FileFact[]> {
    const facts: FileFact[] = [];
    for (const entry of await readdir(this.folder, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const whole = join(entry.parentPath, entry.name);
      const path = relative(this.folder, whole);
      facts.push({ path, bytes: (await stat(whole)).size });
    }
    return facts;
  }

  async read(path: string, start = 0, end?: number): Promise<Bytes> {
    const file = join(this.folder, path);
    if (end === undefined) return new Uint8Array(await readFile(file));
    const handle = await open(file);
    try {
      const bytes = new Uint8Array(end - start);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
      return bytes.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }
}
