/** The codec string of a fragmented MP4 with one track, which a browser wants to know before it takes the file (RFC 6381). */

const CONTAINERS = new Set(["moov", "trak", "mdia", "minf", "stbl"]);

/** The `codecs` parameter, for instance `avc1.64001f` or `flac`; null when there is no known track. */
export function codecOf(file: Uint8Array): string | null {
  const entry = sampleEntry(file, 0, file.length);
  if (entry === null) return null;
  const { kind, at, end } = entry;
  if (kind === "avc1" || kind === "avc3") {
    const config = find(file, at + 78, end, "avcC");
    return config === null ? null : `${kind}.${hex(file, config + 1)}${hex(file, config + 2)}${hex(file, config + 3)}`;
  }
  if (kind === "hvc1" || kind === "hev1") return hevc(file, find(file, at + 78, end, "hvcC"), kind);
  if (kind === "fLaC") return "flac";
  if (kind === "Opus") return "opus";
  return kind === "mp4a" ? "mp4a.40.2" : null;
}

function sampleEntry(file: Uint8Array, start: number, end: number): { kind: string; at: number; end: number } | null {
  for (const box of boxes(file, start, end)) {
    if (box.kind === "moof") return null;
    if (box.kind === "stsd") {
      // Version, flags and the number of entries stand before the first entry.
      const [first] = boxes(file, box.at + 8, box.end);
      return first ?? null;
    }
    const inside = CONTAINERS.has(box.kind) ? sampleEntry(file, box.at, box.end) : null;
    if (inside !== null) return inside;
  }
  return null;
}

interface Box {
  readonly kind: string;
  /** Where its content begins and ends. */
  readonly at: number;
  readonly end: number;
}

function* boxes(file: Uint8Array, start: number, end: number): Generator<Box> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = start; at + 8 <= end; ) {
    const size = view.getUint32(at);
    if (size < 8 || at + size > end) return;
    yield { kind: String.fromCharCode(...file.subarray(at + 4, at + 8)), at: at + 8, end: at + size };
    at += size;
  }
}

function find(file: Uint8Array, start: number, end: number, kind: string): number | null {
  for (const box of boxes(file, start, end)) if (box.kind === kind) return box.at;
  return null;
}

function hex(file: Uint8Array, at: number): string {
  return (file[at] ?? 0).toString(16).padStart(2, "0");
}

/** ISO/IEC 14496-15, annex E.3. */
function hevc(file: Uint8Array, at: number | null, kind: string): string | null {
  if (at === null) return null;
  const profile = file[at + 1] ?? 0;
  const space = ["", "A", "B", "C"][profile >> 6] ?? "";
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let flags = 0;
  for (let bit = 0, value = view.getUint32(at + 2); bit < 32; bit++) flags = (flags * 2 + ((value >>> bit) & 1)) >>> 0;
  const tier = profile & 0x20 ? "H" : "L";
  return `${kind}.${space}${profile & 0x1f}.${flags.toString(16)}.${tier}${file[at + 12] ?? 0}.${hex(file, at + 6)}`;
}
