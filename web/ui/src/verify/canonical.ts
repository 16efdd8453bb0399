/**
 * Canonical JSON (docs/record-format.md, section 2): parse, check, serialise again, compare bytes.
 *
 * What the language's parser would quietly mend (a repeated key, 1.0, 1e3, a second spelling of a string, a number it
 * cannot hold) changes the bytes and is refused.
 */
import { equal, textOf, utf8, type Bytes } from "./bytes";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

const KEY = /^[a-z][a-z0-9_]{0,39}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const DEEPEST = 32;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that canonical bytes stand for, or null when they are not canonical. */
export function parseCanonical(bytes: Uint8Array): JsonObject | null {
  const text = textOf(bytes);
  if (text === null) return null;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const again = canonical(value);
  return again !== null && equal(again, bytes) ? value : null;
}

/** The canonical bytes of an object, or null when it has none. */
export function canonical(value: JsonObject): Bytes | null {
  const parts: string[] = [];
  return write(value, parts, 1) ? utf8(parts.join("")) : null;
}

function write(value: Json, parts: string[], depth: number): boolean {
  switch (typeof value) {
    case "string":
      if (LONE_SURROGATE.test(value)) return false;
      parts.push(JSON.stringify(value));
      return true;
    case "number":
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) return false;
      parts.push(String(value));
      return true;
    case "boolean":
      parts.push(String(value));
      return true;
  }
  if (value === null) {
    parts.push("null");
    return true;
  }
  if (depth > DEEPEST) return false;
  return Array.isArray(value) ? writeList(value, parts, depth) : writeObject(value, parts, depth);
}

function writeList(list: readonly Json[], parts: string[], depth: number): boolean {
  parts.push("[");
  for (const [i, item] of list.entries()) {
    if (i > 0) parts.push(",");
    if (!write(item, parts, depth + 1)) return false;
  }
  parts.push("]");
  return true;
}

function writeObject(object: JsonObject, parts: string[], depth: number): boolean {
  // Keys are ASCII, so the order of UTF-16 units is the order of code points.
  const keys = Object.keys(object).sort();
  parts.push("{");
  for (const [i, key] of keys.entries()) {
    if (!KEY.test(key)) return false;
    parts.push(`${i > 0 ? "," : ""}"${key}":`);
    if (!write(object[key] as Json, parts, depth + 1)) return false;
  }
  parts.push("}");
  return true;
}
