import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientFailed, type Socket, signDigest } from "./client.js";

type Request = { module: string; method: string; args: unknown[] };

/** The key client as its protocol describes it, in memory. */
class FakeClient implements Socket {
  onmessage: Socket["onmessage"] = null;
  onerror: Socket["onerror"] = null;
  onclose: Socket["onclose"] = null;
  closed = false;
  readonly asked: Request[] = [];

  constructor(
    private readonly answers: Record<string, unknown>,
    hello: unknown = { result: { version: "1.4" } },
  ) {
    queueMicrotask(() => (hello === null ? this.onerror?.({}) : this.say(hello)));
  }

  send(text: string): void {
    const request = JSON.parse(text) as Request;
    this.asked.push(request);
    const answer = this.answers[request.method];
    queueMicrotask(() => (answer === undefined ? this.onclose?.({}) : this.say(answer)));
  }

  close(): void {
    this.closed = true;
  }

  private say(value: unknown): void {
    this.onmessage?.({ data: typeof value === "string" ? value : JSON.stringify(value) });
  }
}

const NO_TOKENS = { code: "200", responseObject: [] };

function refused(client: FakeClient, code: ClientFailed["code"]): Promise<void> {
  return assert.rejects(signDigest("wss://127.0.0.1:13579", "AAAA", () => client), (error: unknown) => error instanceof ClientFailed && error.code === code);
}

test("a digest is signed with a key in a file where there is no token", async () => {
  const client = new FakeClient({ getActiveTokens: NO_TOKENS, createCAdESFromBase64Hash: { code: "200", responseObject: "MII=" } });
  assert.equal(await signDigest("wss://127.0.0.1:13579", "AAAA", () => client), "MII=");
  assert.deepEqual(
    client.asked.map((one) => [one.module, one.method, one.args]),
    [
      ["kz.gov.pki.knca.commonUtils", "getActiveTokens", []],
      ["kz.gov.pki.knca.commonUtils", "createCAdESFromBase64Hash", ["PKCS12", "SIGNATURE", "AAAA"]],
    ],
  );
  assert.ok(client.closed);
});

test("a token is used where one is", async () => {
  const client = new FakeClient({
    getActiveTokens: { code: "200", responseObject: ["AKKaztokenStore"] },
    createCAdESFromBase64Hash: { code: "200", responseObject: "MII=" },
  });
  await signDigest("", "AAAA", () => client);
  assert.equal(client.asked[1]?.args[0], "AKKaztokenStore");
});

test("nobody listens", () => refused(new FakeClient({}, null), "absent"));
test("somebody else listens there", () => refused(new FakeClient({}, { hello: "printer" }), "absent"));
test("the client goes away", () => refused(new FakeClient({ getActiveTokens: NO_TOKENS }), "absent"));
test("the person closes its window", () =>
  refused(new FakeClient({ getActiveTokens: NO_TOKENS, createCAdESFromBase64Hash: { code: "500", message: "action.canceled" } }), "cancelled"));
test("it fails", () =>
  refused(new FakeClient({ getActiveTokens: NO_TOKENS, createCAdESFromBase64Hash: { code: "500", message: "expired" } }), "failed"));
test("it answers with nonsense", () => refused(new FakeClient({ getActiveTokens: "<html>" }), "failed"));
test("it gives no signature", () =>
  refused(new FakeClient({ getActiveTokens: NO_TOKENS, createCAdESFromBase64Hash: { code: "200", responseObject: "" } }), "failed"));
