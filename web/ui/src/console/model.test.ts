import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesOf, meterPlace, phaseOf, recordedUs, withLine, type Status, type View } from "./model.js";

const VIEW: View = {
  hearing: "h1",
  state: "planned",
  case: { number: "1", code: "gpk", title: "", publicity: "open" },
  participants: [],
  seats: [],
  takes: [],
  gaps: [],
  stages: [],
  remarks: [],
  revisions: [],
  manifests: [],
  receipts: [],
};
const STATUS: Status = { state: "recording", hearing: "h1", recording: true, sources: [], findings: [], missing_models: [], now_us: 0 };

test("recording is claimed only when the recorder says that bytes reach the disk, and has just said so", () => {
  assert.equal(phaseOf({ ...VIEW, state: "recording" }, STATUS, true), "recording");
  assert.equal(phaseOf({ ...VIEW, state: "recording" }, { ...STATUS, recording: false }, true), "not-recording");
  assert.equal(phaseOf({ ...VIEW, state: "recording" }, STATUS, false), "unknown");
  assert.equal(phaseOf({ ...VIEW, state: "recording" }, { ...STATUS, hearing: "other" }, true), "not-recording");
  assert.equal(phaseOf({ ...VIEW, state: "planned" }, { ...STATUS, hearing: "other" }, true), "planned");
});

test("a hearing that is over is over, with or without a connection", () => {
  assert.equal(phaseOf({ ...VIEW, state: "finished" }, { ...STATUS, hearing: null }, false), "over");
  assert.equal(phaseOf({ ...VIEW, state: "drafted" }, { ...STATUS, hearing: "other" }, true), "over");
});

test("every open state has its own phase", () => {
  for (const state of ["planned", "paused", "faulty"]) {
    assert.equal(phaseOf({ ...VIEW, state }, { ...STATUS, state, recording: false }, true), state);
  }
});

test("lines build the view, and a line seen twice counts once", () => {
  const stage = { seq: 7, at: "", type: "stage", data: { code: "OPEN", at_us: 5, by: "a" } };
  const remark = { seq: 8, at: "", type: "remark", data: { text: "x", at_us: 9, by: "a" } };
  let view = withLine(withLine(withLine(VIEW, stage), stage), remark);
  view = withLine(view, { seq: 9, at: "", type: "unheard-of", data: {} });
  assert.equal(view.stages.length, 1);
  assert.deepEqual(entriesOf(view).map((entry) => [entry.kind, entry.at_us]), [["remark", 9], ["stage", 5]]);
});

test("recorded time leaves pauses out", () => {
  let view = withLine(VIEW, { seq: 1, at: "", type: "take_started", data: { take: "T01", publicity: "open", start_us: 1000 } });
  view = withLine(view, { seq: 2, at: "", type: "take_ended", data: { take: "T01", end_us: 4000 } });
  view = withLine(view, { seq: 3, at: "", type: "take_started", data: { take: "T02", publicity: "open", start_us: 9000 } });
  assert.equal(recordedUs(view.takes, 10_000), 4000);
});

test("the meter runs from -60 dBFS to full scale", () => {
  assert.equal(meterPlace(null), 0);
  assert.equal(meterPlace(-9000), 0);
  assert.equal(meterPlace(-3000), 0.5);
  assert.equal(meterPlace(0), 1);
});

test("a gap is told with the places it concerns and its cause in words", () => {
  const seats = [{ id: "s1", label: "Bench", source: "mic-bench", participant: null }];
  const intervals = [
    { source: "mic-bench", from_us: 5, to_us: 9 },
    { source: "cam-room", from_us: 5, to_us: 9 },
  ];
  const [entry] = entriesOf({ ...VIEW, seats, gaps: [{ seq: 4, cause: "starting", detail: "", intervals }] });
  assert.equal(entry?.text, "Bench, cam-room: the device gave nothing yet");
});
