import assert from "node:assert/strict";
import test from "node:test";

import { codecOf } from "./mp4";
import { fold, matches } from "./search";
import { clockTime, courtDate, span } from "./time";

test("words are found whatever their case, in Russian and Kazakh", () => {
  assert.ok(matches("Всё ещё не погашен", fold("ВСЕ  ЕЩЕ")));
  assert.ok(matches("Әбдіғұлов Әлихан", fold("әбдіғұлов")));
  assert.ok(matches("и\u0306", fold("й")), "a letter written as two characters");
  assert.ok(!matches("долг", fold("должник")));
});

test("times are the court's", () => {
  const at = Date.parse("2026-11-23T20:30:05.999Z") * 1000;
  assert.equal(clockTime(at), "01:30:05");
  assert.equal(courtDate(at), "24.11.2026");
  assert.equal(span(3_725_900_000), "1:02:05");
  assert.equal(span(65_000_000), "1:05");
  assert.equal(span(-1), "0:00");
});

function box(kind: string, ...content: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(kind, 4, "latin1");
  return Buffer.concat([head, body]);
}

function file(entry: Uint8Array): Uint8Array {
  const stsd = box("stsd", new Uint8Array(8), entry);
  return Buffer.concat([box("ftyp", [1]), box("moov", box("trak", box("mdia", box("minf", box("stbl", stsd))))), box("moof", [])]);
}

test("the codec is read from the file's own header", () => {
  const visual = new Uint8Array(78);
  assert.equal(codecOf(file(box("avc1", visual, box("avcC", [1, 0x64, 0, 0x1f])))), "avc1.64001f");
  assert.equal(codecOf(file(box("avc3", visual, box("pasp", [0]), box("avcC", [1, 0x42, 0xc0, 0x1e])))), "avc3.42c01e");
  const hvcc = [1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93];
  assert.equal(codecOf(file(box("hvc1", visual, box("hvcC", hvcc)))), "hvc1.1.6.L93.90");
  assert.equal(codecOf(file(box("fLaC", new Uint8Array(28)))), "flac");
  assert.equal(codecOf(file(box("xxxx", []))), null);
  assert.equal(codecOf(new Uint8Array(3)), null);
  assert.equal(codecOf(Uint8Array.of(0, 0, 0, 4, 109, 111, 111, 118, 1)), null);
});
