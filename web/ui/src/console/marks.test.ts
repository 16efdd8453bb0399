import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused } from "../shared/http.js";
import { Marks } from "./marks.js";

class Shelf {
  text: string | null = null;
  getItem(): string | null {
    return this.text;
  }
  setItem(_place: string, text: string): void {
    this.text = text;
  }
}

interface Sent {
  address: string;
  body: { token: string; ago_ms: number };
}

/** Marks over a console that refuses the first `times` calls. */
function marksOver(times: number, refusal: Refused, shelf = new Shelf()): { marks: Marks; sent: Sent[]; runs: (() => void)[]; clock: { ms: number } } {
  const sent: Sent[] = [];
  const runs: (() => void)[] = [];
  const clock = { ms: 1000 };
  const post = async (address: string, body: unknown): Promise<unknown> => {
    sent.push({ address, body: body as Sent["body"] });
    if (sent.length <= times) throw refusal;
    return { seq: sent.length, at_us: 7 };
  };
  const marks = new Marks("h", () => undefined, post, shelf, () => clock.ms, (run) => runs.push(run));
  return { marks, sent, runs, clock };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a mark that nobody answered is said again with its token and its age, and in its order", async () => {
  const { marks, sent, runs, clock } = marksOver(1, new Refused(0, "no-answer", "", ""));
  const first = marks.mark("stage", { code: "OPEN" });
  const second = marks.mark("remark", { text: "x" });
  await settle();
  assert.equal(marks.waiting, 2);
  clock.ms += 2500;
  runs.shift()?.();
  assert.deepEqual([(await first).seq, (await second).seq], [2, 3]);
  assert.equal(sent[0]?.body.token, sent[1]?.body.token);
  assert.equal(sent[1]?.body.ago_ms, 2500);
  assert.notEqual(sent[2]?.body.token, sent[1]?.body.token);
  assert.equal(marks.waiting, 0);
});

test("a refusal is the answer, and is not asked for again", async () => {
  const { marks, sent } = marksOver(1, new Refused(409, "illegal-move", "no", ""));
  await assert.rejects(marks.mark("stage", { code: "OPEN" }), (error) => error instanceof Refused && error.status === 409);
  assert.equal(sent.length, 1);
});

test("what waits is there again after a reload", async () => {
  const shelf = new Shelf();
  const before = marksOver(99, new Refused(0, "no-answer", "", ""), shelf);
  void before.marks.mark("stage", { code: "OPEN" });
  await settle();
  const after = marksOver(0, new Refused(0, "", "", ""), shelf);
  await settle();
  assert.equal(after.sent.length, 1);
  assert.equal(after.sent[0]?.body.token, before.sent[0]?.body.token);
  assert.equal(after.marks.waiting, 0);
});

test("after ten minutes it is given up, and told", async () => {
  const { marks, runs, clock } = marksOver(99, new Refused(0, "no-answer", "", ""));
  const marked = marks.mark("stage", { code: "OPEN" });
  marked.catch(() => undefined);
  await settle();
  clock.ms += 600_001;
  runs.shift()?.();
  await assert.rejects(marked);
});
