import assert from "node:assert/strict";
import { test } from "node:test";
import { span, timeOfDay } from "./format.js";

test("the time of day is the court's, UTC+5", () => {
  assert.equal(timeOfDay(Date.UTC(2026, 10, 23, 4, 30, 5) * 1000), "09:30:05");
  assert.equal(timeOfDay(Date.UTC(2026, 10, 23, 21, 0, 0) * 1000), "02:00:00");
});

test("a span is cut to seconds and never negative", () => {
  assert.equal(span(-5), "0:00");
  assert.equal(span(59_999_999), "0:59");
  assert.equal(span(3_723_000_000), "1:02:03");
});
