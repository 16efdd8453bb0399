import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, fromJson, text, toJson } from "./passkeys.js";

test("bytes become base64url without padding and come back", () => {
  for (let length = 0; length < 70; length++) {
    const data = Uint8Array.from({ length }, (_, index) => (index * 37 + length * 11) % 256);
    const encoded = text(data.buffer);
    assert.match(encoded, /^[\w-]*$/);
    assert.equal(encoded, Buffer.from(data).toString("base64url"));
    assert.deepEqual(bytes(encoded), data);
  }
});

test("options: challenge, handle and ids become bytes, all else stays", () => {
  const options = { challenge: "-_8", rp: { id: "localhost" }, user: { id: "AQI", name: "a" }, excludeCredentials: [{ id: "AwQ", type: "public-key" }], timeout: 5 };
  assert.deepEqual(fromJson(options), {
    challenge: Uint8Array.of(251, 255),
    rp: { id: "localhost" },
    user: { id: Uint8Array.of(1, 2), name: "a" },
    excludeCredentials: [{ id: Uint8Array.of(3, 4), type: "public-key" }],
    timeout: 5,
  });
});

test("an answer of a device: signed or new", () => {
  const of = (...values: number[]): ArrayBuffer => Uint8Array.from(values).buffer;
  const common = { id: "AQ", rawId: of(1), type: "public-key" };
  const signed = { clientDataJSON: of(2), authenticatorData: of(3), signature: of(4), userHandle: of(5) };
  assert.deepEqual(toJson({ ...common, response: signed } as unknown as PublicKeyCredential), {
    id: "AQ", rawId: "AQ", type: "public-key", clientExtensionResults: {},
    response: { clientDataJSON: "Ag", authenticatorData: "Aw", signature: "BA", userHandle: "BQ" },
  });
  const made = { clientDataJSON: of(2), attestationObject: of(6), getTransports: () => ["usb"] };
  assert.deepEqual(toJson({ ...common, response: made } as unknown as PublicKeyCredential).response, {
    clientDataJSON: "Ag", attestationObject: "Bg", transports: ["usb"],
  });
});
