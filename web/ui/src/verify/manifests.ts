/** Step 5: manifests, their chain and their seals (section 6). */
import { compareCodePoints, equal, fromBase64, type Bytes } from "./bytes";
import { canonical, isObject, parseCanonical, type Json, type JsonObject } from "./canonical";
import type { Signed } from "./checkpoints";
import { LARGEST, type Files, type Journal, type Line, type Opened } from "./journal";
import { leafHash, rootOf, rootsAt } from "./merkle";
import type { Findings } from "./report";
import { sha256 } from "./sha256";
import { ENTRY, fitsExactly, MANIFEST, WITHHELD } from "./schema";
import type { RecordSource } from "./source";

export interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly role: string;
  /** The whole entry, to be held against the journal. */
  readonly object: JsonObject;
}

export interface Manifests {
  readonly entries: readonly Entry[];
  /** Paths of the manifests that the journal names. */
  readonly named: ReadonlySet<string>;
  /** A readable manifest has withheld entries. */
  readonly withheld: boolean;
}

interface Commitment {
  readonly number: number;
  readonly path: string;
  readonly headSha256: string;
  readonly root: string;
  readonly size: number;
  readonly seq: number;
}

interface Context {
  readonly journal: Journal;
  readonly opened: Opened;
  readonly checkpoints: readonly Signed[];
  readonly findings: Findings;
}

export async function readManifests(
  source: RecordSource,
  files: Files,
  context: Context,
  open: boolean,
): Promise<Manifests> {
  const { findings } = context;
  const commitments = context.journal.lines.filter((line) => line?.type === "manifest").map((line) => commitment(line as Line));
  if (commitments.length === 0 && !open) findings.add("manifest-missing", "manifest-0001.json");
  const named = new Set(commitments.map(({ path }) => path));
  for (const path of files.keys()) if (isManifest(path) && !named.has(path)) findings.add("unlisted-manifest", path);

  const entries: Entry[] = [];
  let withheld = false;
  let before: Commitment | null = null;
  for (const line of commitments) {
    if (line.number !== (before?.number ?? 0) + 1) findings.add("broken-chain", line.path);
    if (sealOf(line, context) === undefined) findings.add("no-seal", line.path);
    const length = files.get(line.path);
    if (length === undefined) {
      findings.add("manifest-missing", line.path);
    } else if (length <= LARGEST) {
      const read = await readManifest(await source.read(line.path), line, before, context, entries);
      entries.push(...read.entries);
      withheld ||= read.withheld;
    }
    before = line;
  }
  return { entries, named, withheld };
}

export function isManifest(path: string): boolean {
  return /^manifest-[0-9]{4}\.json$/.test(path);
}

function commitment(line: Line): Commitment {
  const { number, path, head_sha256: headSha256, root, size } = line.data;
  return { number, path, headSha256, root, size, seq: line.seq } as Commitment;
}

/** The seal: the first checkpoint whose size is greater than the line's `seq`. */
function sealOf(line: Commitment, context: Context): Signed | undefined {
  return context.checkpoints.find(({ size }) => size > line.seq);
}

async function readManifest(
  bytes: Bytes,
  line: Commitment,
  before: Commitment | null,
  context: Context,
  earlier: readonly Entry[],
): Promise<{ entries: Entry[]; withheld: boolean }> {
  const { findings } = context;
  const manifest = parseCanonical(bytes);
  const read = manifest === null ? null : readEntries(manifest, earlier);
  if (manifest === null || read === null) {
    findings.add("bad-manifest", line.path);
    return { entries: [], withheld: false };
  }
  const { entries: _, ...head } = manifest;
  if (!matches(manifest, head, read.leaves, line, context)) findings.add("manifest-mismatch", line.path);
  if (!follows(manifest.previous as Json, line, before, context)) findings.add("broken-chain", line.path);
  for (const index of read.withheld) findings.add("withheld-entry", `${line.path}#${index}`);
  return { entries: read.entries, withheld: read.withheld.length > 0 };
}

/** The entries, or null when the manifest's own form is bad. */
function readEntries(
  manifest: JsonObject,
  earlier: readonly Entry[],
): { entries: Entry[]; leaves: Bytes[]; withheld: number[] } | null {
  if (!fitsExactly(manifest, MANIFEST)) return null;
  if ((manifest.kind === "capture") !== (manifest.number === 1)) return null;
  const taken = new Set(earlier.map(({ path }) => path));
  const entries: Entry[] = [];
  const leaves: Bytes[] = [];
  const withheld: number[] = [];
  for (const [index, item] of (manifest.entries as Json[]).entries()) {
    if (isObject(item) && fitsExactly(item, WITHHELD)) {
      withheld.push(index);
      leaves.push(fromBase64(item.withheld as string) as Bytes);
      continue;
    }
    if (!isObject(item) || !fitsExactly(item, ENTRY)) return null;
    const entry = { ...item, object: item } as unknown as Entry;
    const last = entries.at(-1);
    if (taken.has(entry.path) || (last !== undefined && compareCodePoints(last.path, entry.path) >= 0)) return null;
    entries.push(entry);
    leaves.push(leafHash(canonical(item) as Bytes));
  }
  return { entries, leaves, withheld };
}

/** Whether the manifest is the one of its line, of this hearing and of this place in the journal. */
function matches(manifest: JsonObject, head: JsonObject, leaves: Bytes[], line: Commitment, context: Context): boolean {
  const same = (text: Json | undefined, bytes: Uint8Array | undefined): boolean => {
    const stated = typeof text === "string" ? fromBase64(text) : null;
    return stated !== null && bytes !== undefined && equal(stated, bytes);
  };
  const journal = manifest.journal as { size: number; root: string };
  const root = rootOf(leaves);
  return (
    manifest.hearing === context.opened.hearing &&
    manifest.number === line.number &&
    line.path === `manifest-${String(line.number).padStart(4, "0")}.json` &&
    manifest.size === line.size &&
    leaves.length === line.size &&
    same(line.headSha256, sha256(canonical(head) as Bytes)) &&
    same(line.root, root) &&
    same(manifest.root, root) &&
    journal.size === line.seq &&
    same(journal.root, rootsAt(context.journal.leaves.slice(0, line.seq), [line.seq]).get(line.seq))
  );
}

/** Whether `previous` names the predecessor, its head and its seal, as far as the checkpoints that are left tell. */
function follows(previous: Json, line: Commitment, before: Commitment | null, context: Context): boolean {
  if (before === null) return previous === null;
  if (!isObject(previous)) return false;
  const seal = sealOf(before, context);
  const stated = previous.seal as { size: number; root: string };
  const root = fromBase64(stated.root);
  if (stated.size <= before.seq || stated.size > line.seq) return false;
  const actual = rootsAt(context.journal.leaves.slice(0, stated.size), [stated.size]).get(stated.size);
  return (
    previous.number === before.number &&
    previous.head_sha256 === before.headSha256 &&
    root !== null &&
    actual !== undefined &&
    equal(root, actual) &&
    (seal === undefined || seal.size >= stated.size)
  );
}
