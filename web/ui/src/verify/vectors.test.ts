import assert from "node:assert/strict";
import test from "node:test";

import canonicalVectors from "../../../../tests/vectors/canonical.json";
import ed25519 from "../../../../tests/vectors/ed25519.json";
import rfc6962 from "../../../../tests/vectors/rfc6962.json";
import signedNote from "../../../../tests/vectors/signed-note.json";
import { compareCodePoints, concat, fromBase64, fromHex, toHex, utf8, type Bytes } from "./bytes";
import { canonical, parseCanonical } from "./canonical";
import { leafHash, rootOf, rootsAt, verifyInclusion } from "./merkle";
import { parseCheckpoint, parseSignatureLine, parseVerifierKey, splitNotes, verifySignature } from "./note";
import { digestOf, Sha256, sha256 } from "./sha256";

const bytesOf = (text: string): Bytes => new Uint8Array(Buffer.from(text, "base64"));

test("SHA-256 gives what WebCrypto gives, at every length around a block", async () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256);
    assert.equal(toHex(sha256(bytes)), toHex(await digestOf(bytes)), `length ${length}`);
  }
});

test("SHA-256 fed piece by piece gives the same, wherever it is cut", async () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 31) % 256);
  const whole = toHex(await digestOf(bytes));
  for (const piece of [1, 7, 63, 64, 65, 128, 500, 999, 1000]) {
    const hash = new Sha256();
    for (let at = 0; at < bytes.length; at += piece) hash.update(bytes.subarray(at, at + piece));
    assert.equal(toHex(hash.digest()), whole, `pieces of ${piece}`);
  }
});

test("RFC 6962: roots of the first leaves", () => {
  const leaves = rfc6962.leaves.map((leaf) => leafHash(fromHex(leaf)));
  assert.equal(toHex(rootOf([])), rfc6962.empty_root);
  const roots = rootsAt(leaves, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual([...roots.values()].map(toHex), rfc6962.roots);
});

test("RFC 6962: inclusion proofs lead to the root, and to no other", () => {
  for (const { index, size, proof } of rfc6962.inclusion) {
    const leaf = leafHash(fromHex(rfc6962.leaves[index] as string));
    const root = fromHex(rfc6962.roots[size - 1] as string);
    const hashes = proof.map(fromHex);
    assert.ok(verifyInclusion(leaf, index, size, hashes, root), `${index} of ${size}`);
    assert.ok(!verifyInclusion(leaf, index, size + 8, hashes, root));
    assert.ok(!verifyInclusion(leaf, index + 1, size, hashes, root));
    assert.ok(!verifyInclusion(leaf, index, size, [...hashes, leaf], root));
    assert.ok(!verifyInclusion(leaf, index, size, hashes, leafHash(root)));
    assert.ok(!verifyInclusion(leaf, -1, size, hashes, root));
    if (hashes.length > 0) assert.ok(!verifyInclusion(leaf, index, size, hashes.slice(1), root));
  }
});

test("RFC 8032: Ed25519 through WebCrypto", async () => {
  for (const { public_key, message, signature } of ed25519.vectors) {
    const typed = concat(Uint8Array.of(1), fromHex(public_key));
    const id = toHex(sha256(concat(utf8("key\n"), typed)).slice(0, 4));
    const key = parseVerifierKey(`key+${id}+${Buffer.from(typed).toString("base64")}`);
    assert.ok(key);
    assert.ok(await verifySignature(key, fromHex(message), fromHex(signature)));
    assert.ok(!(await verifySignature(key, fromHex(`${message}00`), fromHex(signature))));
    assert.ok(!(await verifySignature(key, fromHex(message), fromHex(signature.slice(2)))));
  }
});

test("C2SP: the example note", async () => {
  const key = parseVerifierKey(signedNote.verifier_key);
  assert.ok(key);
  assert.equal(key.name, "PeterNeumann");
  const { notes, torn } = splitNotes(utf8(`${signedNote.note}\n`));
  assert.equal(torn, 0);
  const line = parseSignatureLine(notes[0]?.signatures[0] as Bytes);
  assert.ok(line && notes[0]);
  assert.ok(await verifySignature(key, notes[0].text, line.signature));
  assert.ok(!(await verifySignature(key, utf8("Another text.\n"), line.signature)));
});

test("verifier keys: another name, ID or form is refused", () => {
  const text = signedNote.verifier_key;
  assert.ok(parseVerifierKey(text));
  for (const wrong of [
    text.replace("Peter", "Paul"),
    text.replace("c74f20a3", "c74f20a4"),
    text.replace("c74f20a3", "C74F20A3"),
    text.replace("ARpc", "AhpC"),
    `${text}=`,
    ` ${text}`,
    text.replace("+", " "),
    "",
  ]) {
    assert.equal(parseVerifierKey(wrong), null, wrong);
  }
});

test("checkpoints: three lines of the right form", () => {
  const root = "A".repeat(43) + "=";
  assert.deepEqual(parseCheckpoint(utf8(`box/h\n12\n${root}\n`)), { origin: "box/h", size: 12, root: new Uint8Array(32) });
  for (const wrong of [
    `box/h\n012\n${root}\n`,
    `box/h\n-1\n${root}\n`,
    `box/h\n1e3\n${root}\n`,
    `box/h\n9007199254740992\n${root}\n`,
    `box/h\n12\n${root.slice(0, -1)}\n`,
    `box/h\n12\n${"A".repeat(42)}B=\n`,
    `box/h\n12\n${root}\nextension\n`,
    `box/h\n12\n${root}`,
    `\n12\n${root}\n`,
    "",
  ]) {
    assert.equal(parseCheckpoint(utf8(wrong)), null, JSON.stringify(wrong));
  }
});

test("notes: a file is cut at its empty lines, the rest is torn", () => {
  const { notes, ends, torn } = splitNotes(utf8("a\nb\n\n— n AAAA\n— m BBBB\n\nc\n\n\nd\n\n— n"));
  assert.deepEqual(
    notes.map(({ text, signatures }) => [Buffer.from(text).toString(), signatures.length]),
    [
      ["a\nb\n", 2],
      ["c\n", 0],
    ],
  );
  assert.deepEqual(ends, [28, 32]);
  assert.equal(torn, 8);
});

test("canonical JSON: each canonical text is its own serialisation", () => {
  for (const { name, base64 } of canonicalVectors.canonical) {
    const object = parseCanonical(bytesOf(base64));
    assert.ok(object, name);
    assert.deepEqual(canonical(object), bytesOf(base64), name);
  }
});

test("canonical JSON: every other text is refused", () => {
  for (const { name, base64 } of canonicalVectors.refused) assert.equal(parseCanonical(bytesOf(base64)), null, name);
  const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  assert.equal(parseCanonical(utf8(deep)), null, "very deep");
});

test("base64: one spelling for each string of bytes", () => {
  for (const text of canonicalVectors.base64_canonical) assert.ok(fromBase64(text), text);
  for (const text of canonicalVectors.base64_refused) assert.equal(fromBase64(text), null, text);
  assert.equal(fromBase64("AAAA", 2), null);
});

test("code points are not UTF-16 units", () => {
  assert.ok(compareCodePoints("\u{10000}", "\uffff") > 0);
  assert.ok("\u{10000}" < "\uffff");
});
