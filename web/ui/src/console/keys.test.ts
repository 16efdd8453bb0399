import assert from "node:assert/strict";
import { test } from "node:test";
import { commandOf, stageKeyOf, type Pressed } from "./keys.js";

const key = (code: string, more: Partial<Pressed> = {}): Pressed => ({ code, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, repeat: false, ...more });

test("function keys are commands", () => {
  assert.equal(commandOf(key("F2")), "remark");
  assert.equal(commandOf(key("F8")), "stop");
  assert.equal(commandOf(key("F5")), undefined);
  assert.equal(commandOf(key("F4", { altKey: true })), undefined);
});

test("a stage key is the physical key, whatever the layout", () => {
  assert.equal(stageKeyOf(key("KeyM")), "M");
  assert.equal(stageKeyOf(key("Digit1")), "1");
  assert.equal(stageKeyOf(key("Numpad9")), "9");
  assert.equal(stageKeyOf(key("NumpadEnter")), undefined);
});

test("a held key and a browser's own shortcut mark nothing", () => {
  assert.equal(stageKeyOf(key("KeyR", { ctrlKey: true })), undefined);
  assert.equal(stageKeyOf(key("KeyM", { repeat: true })), undefined);
});
