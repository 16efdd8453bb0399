/**
 * The time that all cameras and microphones follow.
 *
 * Positions are UTC microseconds on the hearing's clock. A hearing has breaks, sometimes of days; the slider shows
 * *recorded time*, the takes one after another, and playing goes from the end of a take to the start of the next.
 */

export interface Span {
  readonly start_us: number;
  readonly end_us: number;
}

/** The recorded takes of a hearing, in order. */
export class Recorded {
  spans: readonly Span[] = [];

  constructor(spans: readonly Span[]) {
    this.update(spans);
  }

  /** Other takes, or a take that went on: a hearing that is being recorded. */
  update(spans: readonly Span[]): void {
    this.spans = spans.filter((span) => span.end_us > span.start_us).sort((a, b) => a.start_us - b.start_us);
  }

  get start_us(): number {
    return this.spans[0]?.start_us ?? 0;
  }

  get end_us(): number {
    return this.spans.at(-1)?.end_us ?? 0;
  }

  /** Recorded time of all takes together, µs. */
  get length_us(): number {
    return this.spans.reduce((sum, span) => sum + span.end_us - span.start_us, 0);
  }

  /** Recorded time before a moment, µs. */
  elapsed(at_us: number): number {
    let sum = 0;
    for (const span of this.spans) sum += Math.min(Math.max(at_us - span.start_us, 0), span.end_us - span.start_us);
    return sum;
  }

  /** The moment after so much recorded time. */
  moment(elapsed_us: number): number {
    let rest = Math.max(0, elapsed_us);
    for (const span of this.spans) {
      const length = span.end_us - span.start_us;
      if (rest < length) return span.start_us + rest;
      rest -= length;
    }
    return this.end_us;
  }

  /** The moment itself if it was recorded, else the next one that was; the end when there is none. */
  nearest(at_us: number): number {
    for (const span of this.spans) {
      if (at_us < span.start_us) return span.start_us;
      if (at_us < span.end_us) return at_us;
    }
    return this.end_us;
  }

  /** Number of the take that holds the moment, from 0; -1 for none. */
  indexAt(at_us: number): number {
    return this.spans.findIndex((span) => span.start_us <= at_us && at_us < span.end_us);
  }
}

/** A clock that runs at a rate, is held while something is fetched, and passes over breaks. */
export class Clock {
  position_us: number;
  rate = 1;
  private last_ms: number | null = null;

  constructor(readonly recorded: Recorded) {
    this.position_us = recorded.start_us;
  }

  seek(at_us: number): void {
    this.position_us = this.recorded.nearest(at_us);
  }

  /** Let it stand: the time until the next `advance` does not count. */
  hold(): void {
    this.last_ms = null;
  }

  /**
   * @param now_ms a monotonic time
   * @returns whether there is more to play
   */
  advance(now_ms: number): boolean {
    const passed_us = this.last_ms === null ? 0 : Math.max(0, now_ms - this.last_ms) * 1000 * this.rate;
    this.last_ms = now_ms;
    const index = this.recorded.indexAt(this.position_us);
    const span = this.recorded.spans[index];
    if (span === undefined) return false;
    const next = this.position_us + passed_us;
    if (next < span.end_us) {
      this.position_us = next;
      return true;
    }
    const following = this.recorded.spans[index + 1];
    this.position_us = following?.start_us ?? span.end_us;
    return following !== undefined;
  }
}

/** How fast an element must run to follow, and whether it must jump instead. */
export function correction(drift_s: number, rate: number): { jump: boolean; rate: number } {
  if (Math.abs(drift_s) > 0.25) return { jump: true, rate };
  // Below 15 ms nobody hears it, and a change of rate would be worse than the drift.
  if (Math.abs(drift_s) < 0.015) return { jump: false, rate };
  const change = Math.min(Math.max(-drift_s * 0.6, -0.06), 0.06);
  return { jump: false, rate: rate * (1 + change) };
}
