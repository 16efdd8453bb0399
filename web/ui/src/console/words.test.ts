import assert from "node:assert/strict";
import { test } from "node:test";
import { useMessages } from "../shared/i18n.js";
import { behindS, progressText, shown, withNews, type LiveNews, type LivePassage } from "./words.js";

const ONE: LivePassage = {
  id: "T01/mic-bench/0", revision: 1, settled: false, take: "T01", source: "mic-bench", speaker: "judge",
  start_us: 1_000_000, end_us: 2_000_000, kind: "speech", text: "суд", demonstration: false,
};
const news = (...passages: LivePassage[]): LiveNews => ({ publicity: "open", up_to_us: 1, behind_ms: 1200, passages });

test("a newer revision replaces an older one, and never the other way", () => {
  let words = withNews(undefined, news(ONE), 0);
  words = withNews(words, news({ ...ONE, revision: 3, settled: true, text: "суд идёт" }), 10);
  words = withNews(words, news({ ...ONE, revision: 2, text: "суд и" }), 20);
  assert.deepEqual(shown(words).map((one) => [one.text, one.settled]), [["суд идёт", true]]);
});

test("newest first; a passage that was withdrawn or not believed is not shown, one that was skipped is", () => {
  const words = withNews(undefined, news(ONE, { ...ONE, id: "b", start_us: 5, text: "" }, { ...ONE, id: "c", start_us: 9e6, kind: "skipped", text: "" }, { ...ONE, id: "d", kind: "refused", text: "" }), 0);
  assert.deepEqual(shown(words).map((one) => one.id), ["c", "T01/mic-bench/0"]);
});

test("what is kept is bounded", () => {
  let words = withNews(undefined, news(ONE), 0);
  for (let number = 0; number < 1000; number += 1) words = withNews(words, news({ ...ONE, id: `x${number}`, start_us: number }), number);
  assert.equal(words.passages.size, 400);
  assert.ok(words.passages.has("x999"));
});

test("silence of the transcriber counts as being behind", () => {
  const words = withNews(undefined, news(), 1000);
  assert.equal(behindS(words, 2000), 1);
  assert.equal(behindS(words, 61_000), 61);
});

test("how far the transcript is", () => {
  useMessages("en", {});
  assert.equal(progressText(undefined), "");
  assert.equal(progressText({ done_pm: 57, left_s: null }), "5 % done.");
  assert.equal(progressText({ done_pm: 431, left_s: 130 }), "43 % done, about 2 min left.");
  assert.equal(progressText({ done_pm: 990, left_s: 4 }), "99 % done, less than a minute left.");
});
