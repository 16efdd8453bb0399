/** Steps 1 and 2: the files that are there, and the journal's lines. */
import { concat, equal, fromBase64, type Bytes } from "./bytes";
import { isObject, parseCanonical, type JsonObject } from "./canonical";
import { leafHash } from "./merkle";
import { parseVerifierKey, splitNotes, type VerifierKey } from "./note";
import type { Findings } from "./report";
import { dataFits, fitsExactly, LINE, openedFits, path as isPath, WITHHELD } from "./schema";
import type { FileFact, RecordSource } from "./source";

export const LARGEST = 2 ** 28;

export interface Line {
  readonly seq: number;
  readonly type: string;
  readonly mono: number;
  readonly data: JsonObject;
}

export interface Journal {
  /** A line by its place; null where it is withheld or bad. */
  readonly lines: readonly (Line | null)[];
  readonly leaves: readonly Bytes[];
  readonly withheld: ReadonlySet<number>;
}

export interface Opened {
  readonly hearing: string;
  readonly origin: string;
  readonly device: VerifierKey;
}

/** The record's files, with their lengths. */
export type Files = ReadonlyMap<string, number>;

export interface Logs {
  readonly files: Files;
  readonly journal: Bytes;
  /** Null when there are none. */
  readonly checkpoints: Bytes | null;
  /** Where each chunk of the journal ends, in bytes from the start; empty for the plain file. */
  readonly cuts: readonly { path: string; end: number }[];
}

/** Step 1. Null when there is no journal: then nothing more can be said. */
export async function readLogs(source: RecordSource, findings: Findings): Promise<Logs | null> {
  const facts = [...(await source.files())].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, bytes } of facts) {
    if (!isPath(path)) findings.add("bad-path", path);
    if (bytes > LARGEST) findings.add("file-too-large", path);
  }
  const files = new Map(facts.map(({ path, bytes }) => [path, bytes]));
  const journal = await readLog(source, facts, "journal.jsonl", "journal.chunks/", findings);
  if (journal === null) {
    findings.add("no-journal", "journal.jsonl");
    return null;
  }
  const checkpoints = await readLog(source, facts, "checkpoints", "checkpoints.chunks/", findings);
  for (const { path, end } of checkpoints?.cuts ?? []) {
    const ends = splitNotes((checkpoints as Log).bytes).ends;
    if (!ends.includes(end)) findings.add("bad-chunk", path);
  }
  for (const { path, end } of journal.cuts) {
    if (end === 0 || journal.bytes[end - 1] !== 10) findings.add("bad-chunk", path);
  }
  return { files, journal: journal.bytes, checkpoints: checkpoints?.bytes ?? null, cuts: journal.cuts };
}

interface Log {
  readonly bytes: Bytes;
  readonly cuts: readonly { path: string; end: number }[];
}

async function readLog(
  source: RecordSource,
  facts: readonly FileFact[],
  plain: string,
  folder: string,
  findings: Findings,
): Promise<Log | null> {
  const usable = facts.filter(({ bytes }) => bytes <= LARGEST);
  const chunks = usable.filter(({ path }) => isChunk(path, folder));
  const whole = facts.find(({ path }) => path === plain);
  if (whole !== undefined && chunks.length > 0) findings.add("mixed-chunks", plain);
  if (whole !== undefined) return whole.bytes <= LARGEST ? { bytes: await source.read(plain), cuts: [] } : null;
  if (chunks.length === 0) return null;
  const there = new Set(chunks.map(({ path }) => path));
  const parts: Bytes[] = [];
  const cuts: { path: string; end: number }[] = [];
  let end = 0;
  for (let number = 1; parts.length < there.size; number++) {
    const path = folder + String(number).padStart(6, "0");
    if (!there.has(path)) {
      findings.add("bad-chunk", path);
      break;
    }
    const part = await source.read(path);
    parts.push(part);
    end += part.length;
    cuts.push({ path, end });
  }
  return { bytes: concat(...parts), cuts };
}

export function isChunk(path: string, folder: string): boolean {
  return path.startsWith(folder) && /^(?!000000$)[0-9]{6}$/.test(path.slice(folder.length));
}

/** Step 2. `opened` is null when line 0 is not a valid one: the run ends there. */
export function readJournal(bytes: Bytes, findings: Findings): { journal: Journal; opened: Opened | null } {
  const lines: (Line | null)[] = [];
  const leaves: Bytes[] = [];
  const withheld = new Set<number>();
  let opened: Opened | null = null;
  let start = 0;
  for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, start)) {
    const leaf = bytes.slice(start, lf);
    const seq = lines.length;
    const object = parseCanonical(leaf);
    if (seq === 0) opened = readOpened(object, findings);
    const stated = object !== null && seq > 0 && fitsExactly(object, WITHHELD);
    if (stated) {
      withheld.add(seq);
      findings.add("withheld-line", `journal.jsonl#${seq}`);
      leaves.push(fromBase64(object.withheld as string) as Bytes);
    } else {
      leaves.push(leafHash(leaf));
    }
    lines.push(stated ? null : readLine(object, seq, findings));
    start = lf + 1;
  }
  if (start < bytes.length) findings.add("torn-tail", "journal.jsonl");
  if (lines.length === 0) findings.add("not-opened", "journal.jsonl#0");
  checkMono(lines, findings);
  return { journal: { lines, leaves, withheld }, opened };
}

/** Line 0, in the order of section 10; its findings are made here, the first only. */
function readOpened(object: JsonObject | null, findings: Findings): Opened | null {
  const refuse = (code: "not-canonical" | "bad-line" | "not-opened" | "unknown-format"): null => {
    findings.add(code, "journal.jsonl#0");
    return null;
  };
  if (object === null) return refuse("not-canonical");
  if (fitsExactly(object, WITHHELD)) return refuse("not-opened");
  if (!fitsExactly(object, LINE)) return refuse("bad-line");
  const data = object.data as JsonObject;
  if (object.type !== "opened") return refuse("not-opened");
  if (typeof data.format === "string" && data.format !== "hattama-record/1") return refuse("unknown-format");
  if (typeof data.format !== "string" || !openedFits(data)) return refuse("bad-line");
  const device = parseVerifierKey(data.device as string) as VerifierKey;
  return { hearing: data.hearing as string, origin: data.origin as string, device };
}

function readLine(object: JsonObject | null, seq: number, findings: Findings): Line | null {
  const subject = `journal.jsonl#${seq}`;
  if (object === null) {
    findings.add("not-canonical", subject);
    return null;
  }
  const { type, data, mono } = object;
  const known = fitsExactly(object, LINE) && isObject(data) && typeof type === "string" && typeof mono === "number";
  if (!known || (seq > 0 && !dataFits(type, data))) {
    // Line 0 was examined apart.
    if (seq > 0) findings.add("bad-line", subject);
    return null;
  }
  if (object.seq !== seq) findings.add("bad-sequence", subject);
  return { seq, type, mono, data };
}

/** `mono` never decreases within a boot; a `clock` line with another boot begins a new one. */
function checkMono(lines: readonly (Line | null)[], findings: Findings): void {
  let boot: string | null = null;
  let last: number | null = null;
  for (const line of lines) {
    if (line === null) {
      last = null;
      continue;
    }
    if (line.type === "clock" && line.data.boot !== boot) {
      boot = line.data.boot as string;
      last = null;
    }
    if (last !== null && line.mono < last) findings.add("mono-backwards", `journal.jsonl#${line.seq}`);
    last = line.mono;
  }
}

/** Whether two lines' or hashes' base64 texts stand for the same bytes. */
export function sameHash(text: string, bytes: Bytes): boolean {
  const other = fromBase64(text);
  return other !== null && equal(other, bytes);
}
