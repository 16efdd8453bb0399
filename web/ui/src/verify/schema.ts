/** The keys and types of journal lines (section 4) and of a manifest's entries (section 6). */
import { fromBase64 } from "./bytes";
import { isObject, type Json, type JsonObject } from "./canonical";
import { parseVerifierKey } from "./note";

export type Check = (value: Json | undefined) => boolean;
export type Shape = Readonly<Record<string, Check>>;

export const STATES = ["planned", "recording", "paused", "faulty", "finished", "drafted", "certified", "archived"];

export const text: Check = (value) => typeof value === "string";
export const integer: Check = (value) => Number.isSafeInteger(value);
export const count: Check = (value) => integer(value) && (value as number) >= 0;
export const ordinal: Check = (value) => integer(value) && (value as number) >= 1;
export const truth: Check = (value) => typeof value === "boolean";
export const match =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === "string" && pattern.test(value);
export const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && values.includes(value);
export const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => check(item));
export const base64 =
  (length?: number): Check =>
  (value) =>
    typeof value === "string" && fromBase64(value, length) !== null;
export const shaped =
  (shape: Shape): Check =>
  (value) =>
    isObject(value) && fits(value, shape);

/** Whether every key of the shape is there with its type; other keys are ignored. */
export function fits(object: JsonObject, shape: Shape): boolean {
  return Object.entries(shape).every(([key, check]) => key in object && check(object[key]));
}

/** Whether the object has the keys of the shape and no others. */
export function fitsExactly(object: JsonObject, shape: Shape): boolean {
  return Object.keys(object).length === Object.keys(shape).length && fits(object, shape);
}

export const hash = base64(32);
export const take = match(/^T[0-9]{2,4}$/);
export const keyName = match(/^K[0-9]{2,4}$/);
export const sourceName = match(/^[a-z0-9][a-z0-9-]{0,39}$/);
export const publicity = oneOf("open", "closed");
export const hearingName = match(/^[a-z0-9][a-z0-9._-]{0,79}$/);

/** Section 1: a relative path of the record. */
export const path: Check = (value) =>
  typeof value === "string" &&
  /^[A-Za-z0-9._/-]{1,200}$/.test(value) &&
  value.split("/").every((part) => part !== "" && part !== "." && part !== "..");

/** Section 4: `at`, a real moment of UTC to the millisecond. */
export const moment: Check = (value) => {
  if (typeof value !== "string" || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/.test(value))
    return false;
  const at = new Date(value);
  return !Number.isNaN(at.getTime()) && at.toISOString() === value && !value.startsWith("0000");
};

export const LINE: Shape = {
  at: moment,
  data: isObject,
  mono: count,
  salt: base64(16),
  seq: count,
  type: match(/^[a-z][a-z0-9_]{0,39}$/),
};

export const WITHHELD: Shape = { withheld: hash };

const SEALED: Shape = { sealed: shaped({ box: base64(), key: keyName, plain_sha256: hash }) };

const SEGMENT: Shape = {
  path,
  take,
  source: sourceName,
  number: ordinal,
  bytes: count,
  sha256: hash,
  start_us: integer,
  end_us: integer,
  media: oneOf("video", "audio"),
  codec: text,
  rate: count,
  units: count,
  fragments: count,
  closed: oneOf("roll", "stop", "lost", "recovered"),
  publicity,
  peak_cdb: orNull(integer),
  rms_cdb: orNull(integer),
};

const ENCRYPTED: Shape = { key: keyName, plain_bytes: count, plain_sha256: hash };

/** Keys that a `segment` line of an older recorder does not have (section 7.2). */
const MAY_BE_ABSENT: Shape = { media_us: count, time_base: oneOf("arrival", "rtcp", "file") };

/** What a `segment` line's keys must be together: the name of its file, and all or nothing of what an encrypted one has. */
function segmentFits(data: JsonObject): boolean {
  const encrypted = (data.key ?? null) !== null;
  if (!Object.entries(MAY_BE_ABSENT).every(([key, check]) => !(key in data) || check(data[key]))) return false;
  const name = String(data.number).padStart(4, "0") + (encrypted ? ".mp4.enc" : ".mp4");
  if (data.path !== `media/${String(data.take)}/${String(data.source)}/${name}`) return false;
  return encrypted ? fits(data, ENCRYPTED) : Object.keys(ENCRYPTED).every((key) => (data[key] ?? null) === null);
}

/** `data` of the types a verifier knows (●); `opened` is examined apart. */
const DATA: Readonly<Record<string, Shape>> = {
  clock: { boot: text, offset_us: integer, synchronized: truth, ntp_offset_us: orNull(integer) },
  state: { from: oneOf(...STATES), to: oneOf(...STATES), by: text, reason: text },
  take_started: { take, publicity, start_us: integer, sources: listOf(sourceName) },
  take_ended: { take, end_us: integer, reason: oneOf("pause", "finish", "publicity", "interrupted") },
  source_added: { take: orNull(take), source: sourceName, at_us: integer, by: text },
  source_removed: { take: orNull(take), source: sourceName, at_us: integer, by: text },
  progress: { tracks: listOf(shaped({ path, bytes: count, sha256: hash })) },
  segment: SEGMENT,
  gap: {
    cause: text,
    detail: text,
    intervals: listOf(shaped({ source: sourceName, from_us: integer, to_us: integer })),
  },
  recovered: { torn_bytes: count, torn_sha256: orNull(hash), cause: text, last_us: integer },
  revision: {
    kind: oneOf("transcript", "brief", "brief_pdf", "signature", "amendment", "remarks"),
    number: ordinal,
    path,
    bytes: count,
    sha256: hash,
    by: text,
  },
  key: { key: keyName, take, wrapped: listOf(shaped({ to: text, key_id: match(/^[0-9a-f]{16}$/), box: base64() })) },
  manifest: { number: ordinal, path, head_sha256: hash, root: hash, size: count },
  timestamp: { number: ordinal, path, bytes: count, sha256: hash },
};

/** Whether `data` of a line other than `opened` is what its type asks for. */
export function dataFits(type: string, data: JsonObject): boolean {
  const shape = DATA[type];
  if (shape === undefined || (type === "revision" && fitsExactly(data, SEALED))) return true;
  if (!fits(data, shape)) return false;
  if (type === "timestamp") return data.path === `timestamps/${String(data.number).padStart(4, "0")}.tst`;
  return type !== "segment" || segmentFits(data);
}

export function openedFits(data: JsonObject): boolean {
  if (!fits(data, { hearing: hearingName, device: text, origin: text, software: text })) return false;
  const key = parseVerifierKey(data.device as string);
  return key !== null && data.origin === `${key.name}/${data.hearing as string}`;
}

export const ENTRY: Shape = {
  path,
  bytes: count,
  sha256: hash,
  role: oneOf("segment", "transcript", "brief", "brief_pdf", "signature", "amendment", "remarks"),
  // What these must be, their `segment` line says: step 6 compares them.
  take: orNull(text),
  source: orNull(text),
  publicity,
  media: orNull(isObject),
  key: orNull(text),
  plain_bytes: orNull(count),
  plain_sha256: orNull(hash),
  salt: base64(16),
};

const POSITION: Shape = { size: count, root: hash };

export const MANIFEST: Shape = {
  format: oneOf("hattama-manifest/1"),
  hearing: hearingName,
  number: ordinal,
  kind: oneOf("capture", "revision", "signature", "amendment", "remarks"),
  journal: (value) => isObject(value) && fitsExactly(value, POSITION),
  previous: orNull(
    (value) =>
      isObject(value) &&
      fitsExactly(value, {
        number: ordinal,
        head_sha256: hash,
        seal: (seal) => isObject(seal) && fitsExactly(seal, POSITION),
      }),
  ),
  size: count,
  root: hash,
  entries: Array.isArray,
};
