/** Step 9: the archive's receipt (section 11). */
import { equal, fromBase64, utf8, type Bytes } from "./bytes";
import { parseCanonical, type Json } from "./canonical";
import type { Journal, Opened } from "./journal";
import { leafHash, rootsAt, verifyInclusion } from "./merkle";
import { parseCheckpoint, parseSignatureLine, parseVerifierKey, signedBy, splitNotes, verifySignature } from "./note";
import type { VerifierKey } from "./note";
import type { Findings } from "./report";
import { base64, count, fitsExactly, hash, hearingName, listOf, moment, oneOf, text, type Shape } from "./schema";

const RECEIPT: Shape = {
  format: oneOf("hattama-receipt/1"),
  hearing: hearingName,
  archive: text,
  entry: text,
  index: count,
  proof: listOf(hash),
  checkpoint: text,
};

const ENTRY: Shape = {
  type: oneOf("received"),
  hearing: hearingName,
  origin: text,
  journal_root: base64(32),
  journal_size: count,
  seal_number: count,
  received_at: moment,
};

/** @param trust texts of the verifier keys that are trusted */
export async function checkReceipt(
  bytes: Bytes,
  journal: Journal,
  opened: Opened,
  trust: ReadonlySet<string>,
  findings: Findings,
): Promise<void> {
  const receipt = parseCanonical(bytes);
  const archive = typeof receipt?.archive === "string" ? parseVerifierKey(receipt.archive) : null;
  if (receipt === null || archive === null || !fitsExactly(receipt, RECEIPT)) {
    findings.add("bad-receipt", "receipt.json");
  } else if (!trust.has(archive.text)) {
    findings.add("receipt-unchecked", "receipt.json");
  } else if (!(await isGood(receipt, archive, journal, opened))) {
    findings.add("bad-receipt", "receipt.json");
  }
}

async function isGood(
  receipt: Record<string, Json>,
  archive: VerifierKey,
  journal: Journal,
  opened: Opened,
): Promise<boolean> {
  const leaf = utf8(receipt.entry as string);
  const entry = parseCanonical(leaf);
  const checkpoint = await signedCheckpoint(receipt.checkpoint as string, archive);
  if (entry === null || !fitsExactly(entry, ENTRY) || checkpoint === null) return false;
  if (receipt.hearing !== opened.hearing || entry.hearing !== opened.hearing || entry.origin !== opened.origin) return false;
  const proof = (receipt.proof as string[]).map((item) => fromBase64(item) as Bytes);
  const size = entry.journal_size as number;
  const root = rootsAt(journal.leaves, [size]).get(size);
  const stated = fromBase64(entry.journal_root as string);
  return (
    verifyInclusion(leafHash(leaf), receipt.index as number, checkpoint.size, proof, checkpoint.root) &&
    root !== undefined &&
    stated !== null &&
    equal(root, stated)
  );
}

/** The checkpoint of a note with one signature, the archive's; null for any other text. */
async function signedCheckpoint(noteText: string, archive: VerifierKey): Promise<{ size: number; root: Bytes } | null> {
  // A note in a file is followed by one empty line; here it stands alone.
  const { notes, torn } = splitNotes(utf8(`${noteText}\n`));
  const [note] = notes;
  if (notes.length !== 1 || torn > 0 || note === undefined) return null;
  const [only, ...others] = note.signatures.map((line) => parseSignatureLine(line));
  if (!only || others.length > 0 || !signedBy(only, archive)) return null;
  return (await verifySignature(archive, note.text, only.signature)) ? parseCheckpoint(note.text) : null;
}
