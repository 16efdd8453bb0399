/** A record in a folder, for Node. */
import { readdir, readFile, stat } from "node:fs/promises";
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

  async read(path: string): Promise<Bytes> {
    return new Uint8Array(await readFile(join(this.folder, path)));
  }
}
