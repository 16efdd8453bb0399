import assert from "node:assert/strict";
import test from "node:test";

import type { SegmentFact } from "./model";
import { Places } from "./places";

const ORIGIN = 1_790_000_000_000_000;

function segment(start_us: number, end_us: number, media_us?: number): SegmentFact {
  const fact = { path: "", number: 1, bytes: 1, sha256: "", playable: true, start_us: ORIGIN + start_us, end_us: ORIGIN + end_us };
  return media_us === undefined ? fact : { ...fact, media_us };
}

test("eight hours of a device that is slow by 100 ppm: end to end in the element, each moment at its own sample", () => {
  const segments = Array.from({ length: 2880 }, (_, i) => segment(i * 10_001_000, (i + 1) * 10_001_000, 10_000_000));
  const places = new Places(segments, ORIGIN);
  segments.forEach((one, i) => {
    assert.equal(places.start(one), i * 10);
    assert.equal(places.end(one), (i + 1) * 10);
  });
  const last = segments[2879] as SegmentFact;
  assert.equal(places.second(last, last.start_us + 5_000_500), 28_795);
  assert.equal(last.start_us + 5_000_500 - ORIGIN, 28_797_879_500);
});

test("a segment without a length of its own is as long as its place", () => {
  const one = segment(1_000_000, 11_000_000);
  const places = new Places([one], ORIGIN);
  assert.deepEqual([places.start(one), places.end(one), places.second(one, ORIGIN + 3_500_000)], [1, 11, 3.5]);
});

test("a stretch that was not recorded stays empty; a hole that the format allows does not", () => {
  const segments = [segment(0, 10_000_000), segment(10_015_000, 20_000_000), segment(25_000_000, 30_000_000, 4_999_000)];
  const places = new Places(segments, ORIGIN);
  assert.deepEqual(segments.map((one) => places.start(one)), [0, 10, 25]);
  assert.equal(places.end(segments[2] as SegmentFact), 29.999);
});

test("media that is longer than its place never lies over the next", () => {
  const segments = [segment(0, 9_990_000, 10_000_000), segment(9_990_000, 19_980_000, 10_000_000), segment(20_200_000, 21_000_000)];
  const places = new Places(segments, ORIGIN);
  assert.deepEqual(segments.map((one) => places.start(one)), [0, 10, 20.2]);
});

test("a moment beside a segment is its first or last, and never where nothing is", () => {
  const one = segment(0, 10_000_000);
  const places = new Places([one, segment(15_000_000, 15_000_000)], ORIGIN);
  assert.deepEqual([places.second(one, ORIGIN - 5), places.second(one, ORIGIN + 10_050_000)], [0, 9.999]);
});
