/**
 * Where a source's segments lie in its media element, and which second of the element shows a moment of the hearing.
 *
 * A device's own clock is off by some parts in a million, and a segment's place on the hearing's clock follows what was measured
 * (record format, section 7.2): its media is a little shorter or longer than its place. In the element segments that follow each other
 * stand end to end by their own length, so that sound goes on from sample to sample, and times are converted segment by segment.
 */
import type { SegmentFact } from "./model";

/** A hole between two segments that the format allows (section 7.1): nothing is missing there. */
export const HOLE_US = 200_000;

const LAST_US = 1_000;

/** How long the media of a segment is by its own count. */
export function lengthOf({ start_us, end_us, media_us }: SegmentFact): number {
  return media_us ?? end_us - start_us;
}

export class Places {
  private readonly starts = new Map<SegmentFact, number>();
  private readonly byPath = new Map<string, number>();

  /**
   * @param segments of one source, in time order
   * @param origin_us second 0 of the element, on the hearing's clock
   * @param kept where segments begin that stand in the element already, by path: a place that was given is not changed
   */
  constructor(segments: readonly SegmentFact[], private readonly origin_us: number, kept?: Places) {
    let before: SegmentFact | null = null;
    let end = -Infinity;
    for (const segment of segments) {
      const follows = before !== null && Math.abs(segment.start_us - before.end_us) <= HOLE_US;
      const start = kept?.byPath.get(segment.path) ?? (follows ? end : Math.max(end, segment.start_us - origin_us));
      this.starts.set(segment, start);
      this.byPath.set(segment.path, start);
      end = start + lengthOf(segment);
      before = segment;
    }
  }

  /** Where a segment begins in the element, s. */
  start(segment: SegmentFact): number {
    return (this.starts.get(segment) ?? segment.start_us - this.origin_us) / 1e6;
  }

  /** Where it ends, s. */
  end(segment: SegmentFact): number {
    return this.start(segment) + lengthOf(segment) / 1e6;
  }

  /**
   * The second of the element that shows a moment of the hearing in this segment; before it, its first, after it, its last moment: at the
   * very end of what is buffered there is nothing, and a browser's jump to it would never end.
   */
  second(segment: SegmentFact, at_us: number): number {
    const place = segment.end_us - segment.start_us;
    const inside = Math.max(Math.min(at_us - segment.start_us, place - LAST_US), 0);
    return this.start(segment) + (place > 0 ? (inside * lengthOf(segment)) / place : 0) / 1e6;
  }
}
