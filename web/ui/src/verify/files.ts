/** Step 6: each listed file, and no other (sections 6, 7 and 9). */
import { equal, fromBase64, type Bytes } from "./bytes";
import { isObject, type Json, type JsonObject } from "./canonical";
import { isChunk, LARGEST, type Files, type Journal, type Line } from "./journal";
import { isManifest, type Entry, type Manifests } from "./manifests";
import type { Findings } from "./report";
import { digestOf, Sha256 } from "./sha256";
import type { RecordSource } from "./source";

const MAGIC = "HTMENC01";
const HEADER = 24;
/** A secretstream chunk is 17 bytes longer than its plaintext, and at most 16 MiB. */
const CHUNK_LEAST = 17;
const CHUNK_MOST = 2 ** 24;

/** Files up to this length are read and hashed at once, by WebCrypto; longer ones piece by piece. */
const AT_ONCE = 2 ** 26;
const PIECE = 2 ** 22;

export type OnFile = (path: string, bytes: number) => void;

interface Expected {
  readonly bytes: number;
  readonly sha256: string;
}

/** What the journal says of files. */
interface Journalled {
  /** `segment` and `revision` lines by path, the first of each. */
  readonly lines: ReadonlyMap<string, Line>;
  /** The last statement of a `progress` line by path. */
  readonly progress: ReadonlyMap<string, Expected>;
  /** `timestamp` lines by path, the first of each. */
  readonly stamps: ReadonlyMap<string, Line>;
  /** A `revision` line whose path is sealed. */
  readonly sealedRevision: boolean;
}

interface Task {
  readonly path: string;
  readonly expected: Expected | null;
  readonly prefix: Expected | null;
}

export async function checkFiles(
  source: RecordSource,
  files: Files,
  journal: Journal,
  manifests: Manifests,
  findings: Findings,
  onFile: OnFile,
): Promise<void> {
  const journalled = readLines(journal);
  const listed = new Set(manifests.entries.map(({ path }) => path));
  for (const entry of manifests.entries) compareWithLine(entry, journal, journalled, findings);
  for (const path of files.keys()) {
    if (!isKnown(path, listed, manifests.named, journalled)) findings.add("unlisted-file", path);
  }
  for (const task of tasksOf(files, manifests, listed, journalled, findings)) {
    await checkFile(source, files, task, findings, onFile);
  }
}

function readLines(journal: Journal): Journalled {
  const lines = new Map<string, Line>();
  const progress = new Map<string, Expected>();
  const stamps = new Map<string, Line>();
  let sealedRevision = false;
  for (const line of journal.lines) {
    if (line?.type === "segment" || line?.type === "revision") {
      if (typeof line.data.path !== "string") sealedRevision = true;
      else if (!lines.has(line.data.path)) lines.set(line.data.path, line);
    } else if (line?.type === "timestamp") {
      if (!stamps.has(line.data.path as string)) stamps.set(line.data.path as string, line);
    } else if (line?.type === "progress") {
      for (const track of line.data.tracks as unknown as (Expected & { path: string })[]) progress.set(track.path, track);
    }
  }
  return { lines, progress, stamps, sealedRevision };
}

function isKnown(path: string, listed: Set<string>, named: ReadonlySet<string>, journalled: Journalled): boolean {
  return (
    ["journal.jsonl", "checkpoints", "receipt.json"].includes(path) ||
    isChunk(path, "journal.chunks/") ||
    isChunk(path, "checkpoints.chunks/") ||
    isManifest(path) ||
    named.has(path) ||
    listed.has(path) ||
    journalled.lines.has(path) ||
    journalled.progress.has(path) ||
    journalled.stamps.has(path)
  );
}

/** What is to be read and compared, each path once. */
function tasksOf(
  files: Files,
  manifests: Manifests,
  listed: Set<string>,
  journalled: Journalled,
  findings: Findings,
): Task[] {
  const prefixOf = (path: string): Expected | null => {
    const line = journalled.lines.get(path);
    const tested = line === undefined ? !listed.has(path) : line.data.closed === "recovered";
    return tested ? (journalled.progress.get(path) ?? null) : null;
  };
  const tasks: Task[] = manifests.entries.map((entry) => ({ path: entry.path, expected: entry, prefix: prefixOf(entry.path) }));
  for (const [path, line] of journalled.lines) {
    if (listed.has(path)) continue;
    if (!manifests.withheld) tasks.push({ path, expected: line.data as unknown as Expected, prefix: prefixOf(path) });
    else if (files.has(path)) findings.add("withheld-present", path);
  }
  for (const [path, line] of journalled.stamps) {
    if (listed.has(path) || journalled.lines.has(path)) continue;
    tasks.push({ path, expected: line.data as unknown as Expected, prefix: null });
  }
  for (const path of journalled.progress.keys()) {
    if (listed.has(path) || journalled.lines.has(path)) continue;
    // A withheld entry may be this file, its `segment` line withheld too.
    if (manifests.withheld && !files.has(path)) continue;
    tasks.push({ path, expected: null, prefix: prefixOf(path) });
  }
  return tasks;
}

async function checkFile(source: RecordSource, files: Files, task: Task, findings: Findings, onFile: OnFile): Promise<void> {
  const { path, expected, prefix } = task;
  const length = files.get(path);
  if (length === undefined) {
    findings.add("file-missing", path);
    return;
  }
  onFile(path, length);
  const wrongLength = expected !== null && expected.bytes !== length;
  if (wrongLength) findings.add("file-size", path);
  const framed = expected !== null && path.endsWith(".enc");
  if (length > LARGEST || (wrongLength && !framed && prefix === null)) return;
  const whole = length <= AT_ONCE ? await source.read(path) : null;
  const part: Part = whole
    ? (start, end) => Promise.resolve(whole.subarray(start, end))
    : (start, end) => source.read(path, start, end);
  if (expected !== null && !wrongLength && !(await hasDigest(part, length, expected.sha256))) findings.add("file-altered", path);
  if (prefix !== null && !(prefix.bytes <= length && (await hasDigest(part, prefix.bytes, prefix.sha256))))
    findings.add("progress-mismatch", path);
  if (framed && !(await isFramed(part, length))) findings.add("bad-container", path);
}

/** The bytes of a file from one place up to another. */
type Part = (start: number, end: number) => Promise<Bytes>;

/** Whether the file's first `length` bytes have this digest. */
async function hasDigest(part: Part, length: number, stated: string): Promise<boolean> {
  const digest = fromBase64(stated);
  if (digest === null) return false;
  if (length <= AT_ONCE) return equal(digest, await digestOf(await part(0, length)));
  const hash = new Sha256();
  for (let at = 0; at < length; at += PIECE) hash.update(await part(at, Math.min(length, at + PIECE)));
  return equal(digest, hash.digest());
}

/** Section 9: the frame of an encrypted file, as far as it can be seen without the key. */
async function isFramed(part: Part, whole: number): Promise<boolean> {
  if (whole < MAGIC.length + HEADER) return false;
  const magic = await part(0, MAGIC.length);
  for (let i = 0; i < MAGIC.length; i++) if (magic[i] !== MAGIC.charCodeAt(i)) return false;
  let at = MAGIC.length + HEADER;
  while (at < whole) {
    if (whole - at < 4) return false;
    const stated = await part(at, at + 4);
    const length = new DataView(stated.buffer, stated.byteOffset, 4).getUint32(0);
    if (length < CHUNK_LEAST || length > CHUNK_MOST || length > whole - at - 4) return false;
    at += 4 + length;
  }
  return true;
}

const SHARED = ["bytes", "sha256", "take", "source", "publicity"];
const MEDIA = ["codec", "rate", "units", "start_us", "end_us"];
const ENCRYPTED = ["key", "plain_bytes", "plain_sha256"];

function compareWithLine(entry: Entry, journal: Journal, journalled: Journalled, findings: Findings): void {
  const line = journalled.lines.get(entry.path);
  if (line === undefined) {
    const excused = journal.withheld.size > 0 || (entry.role !== "segment" && journalled.sealedRevision);
    if (!excused) findings.add("entry-mismatch", entry.path);
    return;
  }
  const same = entry.role === "segment" ? sameSegment(entry.object, line) : sameRevision(entry.object, line);
  if (!same) findings.add("entry-mismatch", entry.path);
}

function sameSegment(entry: JsonObject, line: Line): boolean {
  const media = entry.media;
  const orNull = (value: Json | undefined): Json => value ?? null;
  return (
    line.type === "segment" &&
    SHARED.every((key) => entry[key] === line.data[key]) &&
    ENCRYPTED.every((key) => entry[key] === orNull(line.data[key])) &&
    isObject(media) &&
    MEDIA.every((key) => media[key] === line.data[key])
  );
}

function sameRevision(entry: JsonObject, line: Line): boolean {
  return (
    line.type === "revision" &&
    entry.role === line.data.kind &&
    entry.bytes === line.data.bytes &&
    entry.sha256 === line.data.sha256
  );
}
