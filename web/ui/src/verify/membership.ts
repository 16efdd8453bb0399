/** Which sources belonged to a take, and from when to when (section 7.3). */
import type { Line } from "./journal";

/** A stretch in which a source belonged to a take; without bounds from its start or to its end. */
export interface Span {
  readonly seq: number;
  readonly from: number;
  to: number;
}

/** Whether a segment lies in a span; one without length is placed nowhere. */
export function holds(
  span: Span,
  segment: { readonly seq: number; readonly start: number; readonly end: number },
  allowed: number,
): boolean {
  if (span.seq > segment.seq) return false;
  return segment.start === segment.end || (segment.start >= span.from - allowed && segment.end <= span.to + allowed);
}

export class Membership {
  readonly #takes = new Map<string, Map<string, Span[]>>();

  /** The spans of each source of a take, in order. */
  of(take: string): Map<string, Span[]> {
    return this.#takes.get(take) ?? new Map<string, Span[]>();
  }

  start(take: string, sources: readonly string[], seq: number): void {
    this.#takes.set(take, new Map(sources.map((source) => [source, [{ seq, from: -Infinity, to: Infinity }]])));
  }

  /** Takes in a `source_added` or `source_removed` line; whether it can be, for the take that runs and who belonged to it. */
  change(line: Line, running: string | null): boolean {
    const { take, source, at_us: at } = line.data as { take: string | null; source: string; at_us: number };
    if (take === null) return running === null;
    const sources = this.of(take);
    this.#takes.set(take, sources);
    const spans = sources.get(source) ?? [];
    sources.set(source, spans);
    const last = spans.at(-1);
    const belongs = last !== undefined && last.to === Infinity;
    if (line.type === "source_added") {
      if (belongs) return false;
      spans.push({ seq: line.seq, from: at, to: Infinity });
    } else {
      if (!belongs) return false;
      last.to = at;
      if (at < last.from) return false;
    }
    return take === running;
  }
}
