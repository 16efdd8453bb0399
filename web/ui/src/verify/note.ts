/** C2SP signed notes and checkpoints (https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint; section 5). */
import { concat, equal, fromBase64, textOf, toHex, utf8, type Bytes } from "./bytes";
import { sha256 } from "./sha256";

const ED25519 = 1;
/** A key's name: no "+", no control character, no white space (section 5; each language's \s is another). */
const NAME = "([^+\\x00-\\x20\\x7f-\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]+)";
const VERIFIER_KEY = new RegExp(`^${NAME}\\+([0-9a-f]{8})\\+(.+)$`, "u");
const SIGNATURE = new RegExp(`^— ${NAME} (\\S+)$`, "u");

/** `<name>+<key ID>+<base64 of 0x01 ‖ public key>` */
export interface VerifierKey {
  readonly text: string;
  readonly name: string;
  readonly keyId: Bytes;
  readonly publicKey: Bytes;
}

export interface SignatureLine {
  readonly name: string;
  readonly keyId: Bytes;
  readonly signature: Bytes;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
}

/** One note of a file, cut at its empty lines but not yet understood. */
export interface RawNote {
  /** The signed text, with its last LF. */
  readonly text: Bytes;
  /** The lines between the two empty lines, without LF. */
  readonly signatures: readonly Bytes[];
}

function keyIdOf(name: string, typed: Bytes): Bytes {
  return sha256(concat(utf8(name), Uint8Array.of(10), typed)).slice(0, 4);
}

/** A verifier key, or null when the text is none or its key ID is not that of its name and key. */
export function parseVerifierKey(text: string): VerifierKey | null {
  const match = VERIFIER_KEY.exec(text);
  const [name, id, encoded] = [match?.[1], match?.[2], match?.[3]];
  if (name === undefined || id === undefined || encoded === undefined) return null;
  const typed = fromBase64(encoded, 33);
  if (typed === null || typed[0] !== ED25519) return null;
  const keyId = keyIdOf(name, typed);
  return toHex(keyId) === id ? { text, name, keyId, publicKey: typed.slice(1) } : null;
}

/** The notes of a file of notes, each followed by an empty line, and the number of bytes of a torn tail. */
export function splitNotes(bytes: Bytes): { notes: RawNote[]; ends: number[]; torn: number } {
  const notes: RawNote[] = [];
  const ends: number[] = [];
  let start = 0;
  let textEnd = -1;
  let signatures: Bytes[] = [];
  let lineStart = 0;
  for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, lineStart)) {
    const line = bytes.slice(lineStart, lf);
    if (textEnd < 0) {
      // A note's first line is text, even an empty one: then it is a bad checkpoint, and the cut stays the same.
      if (line.length === 0 && lineStart > start) textEnd = lineStart;
    } else if (line.length > 0) {
      signatures.push(line);
    } else {
      notes.push({ text: bytes.slice(start, textEnd), signatures });
      ends.push(lf + 1);
      [start, textEnd, signatures] = [lf + 1, -1, []];
    }
    lineStart = lf + 1;
  }
  return { notes, ends, torn: bytes.length - start };
}

export function parseSignatureLine(line: Bytes): SignatureLine | null {
  const match = SIGNATURE.exec(textOf(line) ?? "");
  const blob = match?.[2] === undefined ? null : fromBase64(match[2]);
  if (match?.[1] === undefined || blob === null || blob.length < 5) return null;
  return { name: match[1], keyId: blob.slice(0, 4), signature: blob.slice(4) };
}

/** The three lines of a checkpoint, each with its LF; null for any other text. */
export function parseCheckpoint(text: Bytes): Checkpoint | null {
  const match = /^([^\n]+)\n(0|[1-9][0-9]{0,15})\n([^\n]+)\n$/u.exec(textOf(text) ?? "");
  if (match === null) return null;
  const [, origin = "", digits = "", encoded = ""] = match;
  const size = Number(digits);
  const root = fromBase64(encoded, 32);
  return root !== null && Number.isSafeInteger(size) ? { origin, size, root } : null;
}

export function signedBy(line: SignatureLine, key: VerifierKey): boolean {
  return line.name === key.name && equal(line.keyId, key.keyId);
}

/** Keys that WebCrypto has taken in; a record has ten thousand signatures by one. Null: no point of the curve. */
const imported = new WeakMap<VerifierKey, Promise<CryptoKey | null>>();

function importKey(key: VerifierKey): Promise<CryptoKey | null> {
  const known = imported.get(key);
  if (known !== undefined) return known;
  const taken = crypto.subtle.importKey("raw", key.publicKey, "Ed25519", false, ["verify"]).catch((error: unknown) => {
    // Nothing can be signed by bytes that are no point of the curve. A browser without Ed25519 is another matter.
    if (error instanceof DOMException && error.name === "DataError") return null;
    throw error;
  });
  imported.set(key, taken);
  return taken;
}

/** Ed25519 (RFC 8032) through WebCrypto. */
export async function verifySignature(key: VerifierKey, text: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== 64) return false;
  const taken = await importKey(key);
  return taken !== null && crypto.subtle.verify("Ed25519", taken, signature, text);
}
