/** Step 9: the archive's receipt (section 11). */
import { concat, equal, fromBase64, toBase64, utf8, type Bytes } from "./bytes";
import { parseCanonical, type JsonObject } from "./canonical";
import type { Journal, Opened } from "./journal";
import { leafHash, rootsAt, verifyInclusion } from "./merkle";
import { parseCheckpoint, parseSignatureLine, parseVerifierKey, signedBy, splitNotes, verifySignature } from "./note";
import type { VerifierKey } from "./note";
import type { Findings } from "./report";
import { sha256 } from "./sha256";
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

const COMMON: Shape = {
  type: oneOf("received"),
  journal_root: base64(32),
  journal_size: count,
  seal_number: count,
  received_at: moment,
};
const ENTRY: Shape = { ...COMMON, hearing: hearingName, origin: text };

/** Format 2: the log is public and names the hearing by a salted digest; the receipt has the salt. */
const RECEIPT_2: Shape = { ...RECEIPT, format: oneOf("hattama-receipt/2"), salt: base64(16) };
const ENTRY_2: Shape = { ...COMMON, subject: hash };

/** The log's entry, if receipt and entry are well-formed and about one hearing. */
function entryOf(receipt: JsonObject): JsonObject | null {
  const salted = receipt.format === "hattama-receipt/2";
  if (!fitsExactly(receipt, salted ? RECEIPT_2 : RECEIPT)) return null;
  const entry = parseCanonical(utf8(receipt.entry as string));
  if (entry === null || !fitsExactly(entry, salted ? ENTRY_2 : ENTRY)) return null;
  if (!salted) return entry.hearing === receipt.hearing ? entry : null;
  const salt = fromBase64(receipt.salt as string) as Bytes;
  const subject = toBase64(sha256(concat(salt, utf8(receipt.hearing as string))));
  return entry.subject === subject ? entry : null;
}

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
  const entry = receipt === null ? null : entryOf(receipt);
  if (receipt === null || archive === null || entry === null) {
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
  if (checkpoint === null || receipt.hearing !== opened.hearing) return false;
  if (entry.origin !== undefined && entry.origin !== opened.origin) return false;
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
