import assert from "node:assert/strict";
import { test } from "node:test";
import { moved } from "./places.js";
import { stepped } from "./steps.js";

test("arrows stop at the ends, other keys mean nothing", () => {
  assert.equal(stepped("ArrowDown", -1, 3), 0);
  assert.equal(stepped("ArrowDown", 2, 3), 2);
  assert.equal(stepped("ArrowUp", 0, 3), 0);
  assert.equal(stepped("End", 0, 3), 2);
  assert.equal(stepped("Enter", 0, 3), undefined);
  assert.equal(stepped("ArrowDown", 0, 0), undefined);
});

test("who takes a seat leaves the old one, and whoever sat there stands up", () => {
  assert.deepEqual(moved(["a", "b", ""], 2, "a"), ["", "b", "a"]);
  assert.deepEqual(moved(["a", "b", ""], 0, ""), ["", "b", ""]);
  assert.deepEqual(moved(["a", "b", ""], 0, "a"), ["a", "b", ""]);
});
