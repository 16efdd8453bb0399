import assert from "node:assert/strict";
import { test } from "node:test";
import { nextStop } from "./stops.js";

test("arrows go from entry to entry and stay at the ends", () => {
  assert.equal(nextStop("ArrowDown", 0, 3), 1);
  assert.equal(nextStop("ArrowDown", 2, 3), 2);
  assert.equal(nextStop("ArrowUp", 2, 3), 1);
  assert.equal(nextStop("ArrowUp", 0, 3), 0);
  assert.equal(nextStop("Home", 2, 3), 0);
  assert.equal(nextStop("End", 0, 3), 2);
});

test("other keys are the page's", () => {
  assert.equal(nextStop("j", 1, 3), null);
  assert.equal(nextStop("Tab", 1, 3), null);
});
