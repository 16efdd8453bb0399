/** Step 9: the archive's receipt (section 11). */
import { equal, fromBase64, utf8, type Bytes } from "./bytes";
import { parseCanonical, type JsonObject } from "./canonical";
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
  const entry = receipt !== null && fitsExactly(receipt, RECEIPT) ? parseCanonical(utf8(receipt.entry as string)) : null;
  const wellFormed = entry !== null && fitsExactly(entry, ENTRY) && entry.hearing === receipt?.hearing;
  if (receipt === null || archive === null || !wellFormed) {
    findings.add("bad-receipt", "receipt.json");
  } else if (!trust.has(archive.text)) {
    findings.add("receipt-unchecked", "receipt.json");
  } else if (!(await isGood(receipt, entry, archive, journal, opened))) {
    findings.add("bad-receipt", "receipt.json");
  }
}

async function isGood(
  receipt: JsonObject,
  entry: JsonObject,
  archive: VerifierKey,
  journal: Journal,
  opened: Opened,
): Promise<boolean> {
  const leaf = utf8(receipt.entry as string);
  const checkpoint = await signedCheckpoint(receipt.checkpoint as string, archive);
  if (checkpoint === null || receipt.hearing !== opened.hearing || entry.origin !== opened.origin) return false;
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

/** The checkpoint of the archive's log, if the archive signed it (others may have, too: witnesses); null for any other text. */
async function signedCheckpoint(noteText: string, archive: VerifierKey): Promise<{ size: number; root: Bytes } | null> {
  // A note in a file is followed by one empty line; here it stands alone.
  const { notes, torn } = splitNotes(utf8(`${noteText}\n`));
  const [note] = notes;
  if (notes.length !== 1 || torn > 0 || note === undefined) return null;
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint?.origin !== `${archive.name}/log`) return null;
  let signed = false;
  for (const line of note.signatures.map((raw) => parseSignatureLine(raw))) {
    if (line === null) return null;
    signed ||= signedBy(line, archive) && (await verifySignature(archive, note.text, line.signature));
  }
  return signed ? checkpoint : null;
}
