/** Step 10: time stamps are over the seals they are for (section 8.1). Whether a trusted authority gave them is not asked here: only told. */
import { equal, fromBase64, type Bytes } from "./bytes";
import type { Signed } from "./checkpoints";
import { LARGEST, type Journal, type Logs } from "./journal";
import { splitNotes } from "./note";
import type { Findings } from "./report";
import { sha256 } from "./sha256";
import type { RecordSource } from "./source";

const [INTEGER, OCTETS, OID, SEQUENCE, SET, INNER] = [0x02, 0x04, 0x06, 0x30, 0x31, 0xa0];
/** 1.2.840.113549.1.7.2, 1.2.840.113549.1.9.16.1.4 and 2.16.840.1.101.3.4.2.1 */
const SIGNED_DATA = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02);
const TST_INFO = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04);
const SHA_256 = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01);

/** Elements of DER, one after the other. Each method gives null at the first thing that is not as it must be. */
class Elements {
  private at = 0;

  constructor(private readonly bytes: Bytes) {}

  /** The content of the next element, which must have this tag. */
  take(tag: number): Bytes | null {
    const { bytes } = this;
    if (bytes[this.at] !== tag) return null;
    let start = this.at + 2;
    let length = bytes[this.at + 1] ?? 0x80;
    if (length >= 0x80) {
      const digits = bytes.subarray(start, start + length - 0x80);
      if (length === 0x80 || length > 0x84 || digits.length !== length - 0x80) return null;
      start += digits.length;
      length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
    }
    if (start + length > bytes.length) return null;
    this.at = start + length;
    return bytes.subarray(start, this.at);
  }

  enter(tag: number): Elements | null {
    const content = this.take(tag);
    return content && new Elements(content);
  }

  is(tag: number, content: Bytes): boolean {
    const found = this.take(tag);
    return found !== null && equal(found, content);
  }

  get ended(): boolean {
    return this.at === this.bytes.length;
  }
}

/** The SHA-256 digest that a token says it is over; null where it is none. */
function imprint(token: Bytes): Bytes | null {
  const outer = new Elements(token);
  const content = outer.enter(SEQUENCE);
  if (!content || !outer.ended || !content.is(OID, SIGNED_DATA)) return null;
  const signed = content.enter(INNER)?.enter(SEQUENCE);
  if (!signed?.take(INTEGER) || !signed.take(SET)) return null;
  const inner = signed.enter(SEQUENCE);
  if (!inner?.is(OID, TST_INFO)) return null;
  const info = inner.enter(INNER)?.enter(OCTETS)?.enter(SEQUENCE);
  if (!info?.take(INTEGER) || !info.take(OID)) return null;
  const said = info.enter(SEQUENCE);
  if (!said?.enter(SEQUENCE)?.is(OID, SHA_256)) return null;
  const digest = said.take(OCTETS);
  return digest?.length === 32 ? digest : null;
}

export async function checkStamps(
  source: RecordSource,
  logs: Logs,
  journal: Journal,
  valid: readonly Signed[],
  findings: Findings,
): Promise<void> {
  const manifests = new Map<number, number>();
  for (const line of journal.lines) {
    if (line?.type !== "manifest") continue;
    const number = line.data.number as number;
    if (!manifests.has(number)) manifests.set(number, line.seq);
  }
  const seen = new Set<string>();
  for (const line of journal.lines) {
    if (line?.type !== "timestamp") continue;
    const path = line.data.path as string;
    const token = seen.has(path) ? null : await fileOf(source, logs, path, line.data.sha256 as string);
    if (token === null) continue;
    seen.add(path);
    const seq = manifests.get(line.data.number as number);
    if (seq === undefined && journal.withheld.size > 0) {
      findings.add("timestamp-unchecked", path);
      continue;
    }
    const note = seq === undefined ? null : sealOf(logs.checkpoints, valid, seq);
    const digest = imprint(token);
    const over = note !== null && digest !== null && equal(digest, sha256(note));
    findings.add(over ? "timestamp-unchecked" : "bad-timestamp", path);
  }
}

/** The file, if it is the one of its line; step 6 has spoken of any other. */
async function fileOf(source: RecordSource, logs: Logs, path: string, digest: string): Promise<Bytes | null> {
  const length = logs.files.get(path);
  if (length === undefined || length > LARGEST) return null;
  const bytes = await source.read(path);
  return equal(sha256(bytes), fromBase64(digest) as Bytes) ? bytes : null;
}

/** The note that seals a manifest's line, as it stands in `checkpoints`, without the empty line that ends it. */
function sealOf(checkpoints: Bytes | null, valid: readonly Signed[], seq: number): Bytes | null {
  const place = valid.find(({ size }) => size > seq)?.number;
  if (place === undefined) return null;
  const { ends } = splitNotes(checkpoints ?? new Uint8Array());
  return (checkpoints as Bytes).slice(place === 1 ? 0 : ends[place - 2], (ends[place - 1] as number) - 1);
}
