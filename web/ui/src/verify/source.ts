/** Where a record's files come from: the seam between the verifier and the outside. */
import type { Bytes } from "./bytes";

/** A file of the record: its path in it and its length. */
export interface FileFact {
  readonly path: string;
  readonly bytes: number;
}

export interface RecordSource {
  /** Every file below the record's folder. */
  files(): Promise<FileFact[]>;
  /** The bytes from `start` up to `end`, the whole file by default. Rejects when they cannot be read. */
  read(path: string, start?: number, end?: number): Promise<Bytes>;
}

/** Files held in memory: for tests, and for what a page already has. */
export class MemorySource implements RecordSource {
  constructor(private readonly contents: ReadonlyMap<string, Bytes>) {}

  files(): Promise<FileFact[]> {
    return Promise.resolve([...this.contents].map(([path, bytes]) => ({ path, bytes: bytes.length })));
  }

  read(path: string, start = 0, end?: number): Promise<Bytes> {
    const bytes = this.contents.get(path);
    if (bytes === undefined) return Promise.reject(new Error(`no such file: ${path}`));
    return Promise.resolve(start === 0 && end === undefined ? bytes : bytes.subarray(start, end));
  }
}

/** Files that a server gives, each at an address of its own. */
export class FetchSource implements RecordSource {
  /**
   * @param list what the server says it holds; each file is checked all the same
   * @param address of a path
   */
  constructor(
    private readonly list: readonly FileFact[],
    private readonly address: (path: string) => string,
    private readonly signal?: AbortSignal,
  ) {}

  files(): Promise<FileFact[]> {
    return Promise.resolve([...this.list]);
  }

  async read(path: string, start = 0, end?: number): Promise<Bytes> {
    const init: RequestInit = { credentials: "same-origin", cache: "no-store" };
    if (end !== undefined) init.headers = { Range: `bytes=${start}-${end - 1}` };
    const response = await fetch(this.address(path), this.signal ? { ...init, signal: this.signal } : init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    return response.status === 206 ? bytes : bytes.subarray(start, end);
  }
}

/** A folder that a person dropped on the page or chose in a dialog. */
export class DroppedSource implements RecordSource {
  private constructor(private readonly contents: ReadonlyMap<string, File>) {}

  /**
   * The folders in it that hold a journal, nearest first; "" is the folder itself. A copy may have been chosen with the folder
   * around it, in which this page lies, too.
   */
  records(): string[] {
    const journals = [...this.contents.keys()].map((path) => /^(.*\/|)(?:journal\.jsonl|journal\.chunks\/000001)$/.exec(path)?.[1]);
    const found = [...new Set(journals.filter((prefix) => prefix !== undefined))];
    return found.sort((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1));
  }

  /** What lies below a folder of {@link records}. */
  below(prefix: string): DroppedSource {
    const inside = [...this.contents].filter(([path]) => path.startsWith(prefix));
    return new DroppedSource(new Map(inside.map(([path, file]) => [path.slice(prefix.length), file])));
  }

  /** From `<input type="file" webkitdirectory>`: the first part of each path is the folder's own name. */
  static ofList(list: Iterable<File>): DroppedSource {
    const named = [...list].map((file): [string, File] => [file.webkitRelativePath.split("/").slice(1).join("/"), file]);
    return new DroppedSource(new Map(named));
  }

  /** From a drop: `event.dataTransfer.items[0].webkitGetAsEntry()`. */
  static async ofEntry(folder: FileSystemDirectoryEntry): Promise<DroppedSource> {
    const contents = new Map<string, File>();
    const walk = async (entry: FileSystemDirectoryEntry, prefix: string): Promise<void> => {
      for (const child of await children(entry)) {
        const path = prefix + child.name;
        if (child.isDirectory) await walk(child as FileSystemDirectoryEntry, `${path}/`);
        else contents.set(path, await fileOf(child as FileSystemFileEntry));
      }
    };
    await walk(folder, "");
    return new DroppedSource(contents);
  }

  files(): Promise<FileFact[]> {
    return Promise.resolve([...this.contents].map(([path, file]) => ({ path, bytes: file.size })));
  }

  async read(path: string, start = 0, end?: number): Promise<Bytes> {
    const file = this.contents.get(path);
    if (file === undefined) throw new Error(`no such file: ${path}`);
    return new Uint8Array(await (end === undefined ? file : file.slice(start, end)).arrayBuffer());
  }
}

/** A reader gives its entries in portions; an empty one is the end. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) return all;
    all.push(...portion);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
