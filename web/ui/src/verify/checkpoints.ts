/** Steps 3 and 4: the signed notes, and the journal's roots at their sizes. */
import { equal, type Bytes } from "./bytes";
import type { Journal, Logs, Opened } from "./journal";
import { rootsAt } from "./merkle";
import {
  parseCheckpoint,
  parseSignatureLine,
  signedBy,
  splitNotes,
  verifySignature,
  type Checkpoint,
  type RawNote,
  type VerifierKey,
} from "./note";
import type { Code, Findings } from "./report";

/** A checkpoint that passed step 3, and its place in the file, from 1. */
export interface Signed extends Checkpoint {
  readonly number: number;
}

/** Step 3. The checkpoints without any failure, in the order of the file. */
export async function readCheckpoints(
  bytes: Bytes | null,
  opened: Opened,
  findings: Findings,
): Promise<{ valid: Signed[]; sizes: number[] }> {
  const { notes, torn } = splitNotes(bytes ?? new Uint8Array());
  if (torn > 0) findings.add("torn-checkpoint", "checkpoints");
  if (notes.length === 0) findings.add("no-checkpoints", "checkpoints");
  const valid: Signed[] = [];
  const sizes: number[] = [];
  // All at once: WebCrypto works beside this thread.
  const signatures = await Promise.all(notes.map((note) => checkSignatures(note, opened.device)));
  for (const [i, note] of notes.entries()) {
    const codes = signatures[i] as Set<Code>;
    const checkpoint = parseCheckpoint(note.text);
    if (checkpoint === null) codes.add("bad-checkpoint");
    else if (checkpoint.origin !== opened.origin) codes.add("wrong-origin");
    if (checkpoint !== null && !codes.has("bad-checkpoint")) {
      if (checkpoint.size <= (sizes.at(-1) ?? -1)) codes.add("checkpoint-order");
      sizes.push(checkpoint.size);
    }
    for (const code of codes) findings.add(code, `checkpoints#${i + 1}`);
    if (checkpoint !== null && codes.size === 0) valid.push({ ...checkpoint, number: i + 1 });
  }
  return { valid, sizes };
}

async function checkSignatures(note: RawNote, device: VerifierKey): Promise<Set<Code>> {
  const codes = new Set<Code>();
  if (note.signatures.length === 0) codes.add("unsigned");
  let own = 0;
  for (const raw of note.signatures) {
    const line = parseSignatureLine(raw);
    if (line === null) codes.add("bad-checkpoint");
    else if (!signedBy(line, device) || ++own > 1) codes.add("unknown-signature");
    else if (!(await verifySignature(device, note.text, line.signature))) codes.add("bad-signature");
  }
  return codes;
}

/** The journal's chunks end where a checkpoint stands (step 1; it needs the notes' sizes). */
export function checkCuts(logs: Logs, sizes: readonly number[], findings: Findings): void {
  if (sizes.length === 0) return;
  const signed = new Set(sizes);
  let lines = 0;
  let at = 0;
  for (const { path, end } of logs.cuts) {
    for (; at < end; at++) if (logs.journal[at] === 10) lines += 1;
    if (!signed.has(lines)) findings.add("bad-chunk", path);
  }
}

/** Lines of which one was changed; a single one as itself. */
function linesSubject(first: number, last: number): string {
  return last <= first ? `journal.jsonl#${first}` : `journal.jsonl#${first}-${last}`;
}

/** Step 4. */
export function checkRoots(
  journal: Journal,
  valid: readonly Signed[],
  open: boolean,
  findings: Findings,
): void {
  const length = journal.leaves.length;
  if (valid.length === 0 && findings.has("no-checkpoints", "unsigned")) return;
  const covered = Math.max(0, ...valid.map(({ size }) => size));
  const roots = rootsAt(
    journal.leaves,
    valid.map(({ size }) => size),
  );
  // The first only: the line that was changed lies between it and the checkpoint below it.
  const at = valid.findIndex(({ size, root }) => !equal(roots.get(size) ?? root, root));
  const wrong = valid[at];
  if (wrong !== undefined) {
    const below = valid.slice(0, at).map(({ size }) => size);
    const first = Math.max(0, ...below.filter((size) => size < wrong.size && size <= length));
    findings.add("root-mismatch", linesSubject(first, wrong.size - 1));
  }
  if (covered > length) findings.add("journal-cut", "journal.jsonl");
  if (covered < length) findings.add("uncovered-lines", `journal.jsonl#${covered}`, open ? "note" : "fail");
}
