import assert from "node:assert/strict";
import test from "node:test";

import { Clock, correction, Recorded } from "./clock";

const S = 1e6;
const recorded = new Recorded([
  { start_us: 3600 * S, end_us: 3608 * S },
  { start_us: 0, end_us: 12 * S },
  { start_us: 4000 * S, end_us: 4000 * S },
]);

test("recorded time is the takes one after another, breaks left out", () => {
  assert.equal(recorded.length_us, 20 * S);
  assert.equal(recorded.elapsed(5 * S), 5 * S);
  assert.equal(recorded.elapsed(100 * S), 12 * S);
  assert.equal(recorded.elapsed(3601 * S), 13 * S);
  for (const moment of [0, 5 * S, 11.9 * S, 3600 * S, 3607 * S]) assert.equal(recorded.moment(recorded.elapsed(moment)), moment);
  assert.equal(recorded.moment(99 * S), 3608 * S);
});

test("a moment in a break is the start of the next take", () => {
  assert.equal(recorded.nearest(500 * S), 3600 * S);
  assert.equal(recorded.nearest(-1), 0);
  assert.equal(recorded.nearest(9e9), 3608 * S);
});

test("the clock runs at its rate, passes over a break and stops at the end", () => {
  const clock = new Clock(recorded);
  clock.seek(11 * S);
  assert.ok(clock.advance(0));
  clock.rate = 2;
  assert.ok(clock.advance(250));
  assert.equal(clock.position_us, 11.5 * S);
  assert.ok(clock.advance(1000));
  assert.equal(clock.position_us, 3600 * S);
  clock.hold();
  assert.ok(clock.advance(50_000));
  assert.equal(clock.position_us, 3600 * S, "time while it is held does not count");
  assert.ok(!clock.advance(60_000));
  assert.equal(clock.position_us, 3608 * S);
});

test("a follower is left alone, sped up, slowed down or moved", () => {
  assert.deepEqual(correction(0.01, 1), { jump: false, rate: 1 });
  assert.ok(correction(0.05, 1).rate < 1);
  assert.ok(correction(-0.05, 1.5).rate > 1.5);
  assert.ok(correction(-0.2, 1).rate <= 1.06);
  assert.ok(correction(0.3, 1).jump);
});
