/** Step 7: states, takes, numbers and coverage (sections 4.4 and 7.1). */
import type { JsonObject } from "./canonical";
import type { Journal, Line } from "./journal";
import type { Manifests } from "./manifests";
import { holds, Membership, type Span } from "./membership";
import type { Findings } from "./report";

const MOVES: Readonly<Record<string, readonly string[]>> = {
  planned: ["recording"],
  recording: ["paused", "finished", "faulty"],
  paused: ["recording", "finished", "faulty"],
  faulty: ["recording", "paused", "finished"],
  finished: ["drafted", "certified"],
  drafted: ["drafted", "certified"],
  certified: ["archived"],
  archived: [],
};
const OPEN = ["planned", "recording", "paused", "faulty"];

/** The longest hole that needs no explanation, µs. */
const HOLE = { audio: 20_000, video: 200_000 } as const;

interface Segment {
  readonly path: string;
  readonly take: string;
  readonly source: string;
  readonly number: number;
  readonly start: number;
  readonly end: number;
  /** By its own count; as long as its place where the line does not say. */
  readonly length: number;
  readonly media: "audio" | "video";
  readonly seq: number;
}

interface Gap {
  readonly source: string;
  readonly from: number;
  readonly to: number;
}

interface Take {
  readonly take: string;
  readonly start: number;
  end: number | null;
  readonly sources: readonly string[];
  readonly seq: number;
}

const subjectOf = (line: { readonly seq: number }): string => `journal.jsonl#${line.seq}`;

/** Whether the hearing's last state is one in which it goes on. */
export function isOpen(journal: Journal): boolean {
  const last = journal.lines.findLast((line) => line?.type === "state");
  return OPEN.includes((last?.data.to as string | undefined) ?? "planned");
}

export function checkTimeline(journal: Journal, manifests: Manifests, findings: Findings): void {
  const open = isOpen(journal);
  checkStates(journal, findings);
  const membership = new Membership();
  const takes = checkTakes(journal, open, membership, findings);
  const segments = readSegments(journal);
  const gaps = readGaps(journal, findings);
  checkSegments(segments, takes, membership, journal.withheld.size > 0, findings);
  const excuse = journal.withheld.size > 0;
  for (const track of tracksOf(segments).values()) checkTrack(track, excuse, findings);
  for (const take of takes)
    for (const [source, spans] of membership.of(take.take))
      for (const span of spans) checkCoverage(take, source, span, segments, gaps, excuse, findings);
  if (manifests.named.size > 0 && !manifests.withheld) {
    const listed = new Set(manifests.entries.map(({ path }) => path));
    for (const { path } of segments) if (!listed.has(path)) findings.add("unlisted-segment", path);
  }
  if (open) findings.add("still-open", "journal.jsonl");
}

function checkStates(journal: Journal, findings: Findings): void {
  let state = "planned";
  let hidden = false;
  for (const [seq, line] of journal.lines.entries()) {
    if (journal.withheld.has(seq)) hidden = true;
    if (line?.type !== "state") continue;
    const { from, to } = line.data as { from: string; to: string };
    const legal = MOVES[from]?.includes(to) ?? false;
    if (!legal || (from !== state && !hidden)) findings.add("illegal-move", subjectOf(line));
    state = to;
    hidden = false;
  }
}

function checkTakes(journal: Journal, open: boolean, membership: Membership, findings: Findings): Take[] {
  const excuse = journal.withheld.size > 0;
  const takes: Take[] = [];
  let running: Take | null = null;
  for (const line of journal.lines) {
    if (line?.type === "take_started") {
      const take = readTake(line);
      const expected = `T${String(takes.length + 1).padStart(2, "0")}`;
      if (!excuse && (running !== null || take.take !== expected || !isSorted(take.sources)))
        findings.add("bad-take", subjectOf(line));
      takes.push(take);
      membership.start(take.take, take.sources, take.seq);
      running = take;
    } else if (line?.type === "take_ended") {
      const end = line.data.end_us as number;
      const own: Take | null = excuse ? (takes.find(({ take }) => take === line.data.take) ?? null) : running;
      const wrong: boolean = own === null || own.take !== line.data.take;
      if ((wrong && !excuse) || (!wrong && end < (own as Take).start)) findings.add("bad-take", subjectOf(line));
      if (!wrong) (own as Take).end = end;
      if (!wrong && running === own) running = null;
    } else if (line?.type === "source_added" || line?.type === "source_removed") {
      if (!membership.change(line, running?.take ?? null) && !excuse) findings.add("bad-take", subjectOf(line));
    }
  }
  if (running !== null && !open && !excuse) findings.add("bad-take", subjectOf(running));
  return takes;
}

function readTake(line: Line): Take {
  const { take, start_us: start, sources } = line.data as JsonObject & { take: string; start_us: number; sources: string[] };
  return { take, start, end: null, sources, seq: line.seq };
}

function isSorted(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || (names[i - 1] as string) < name);
}

function readSegments(journal: Journal): Segment[] {
  const segments: Segment[] = [];
  for (const line of journal.lines) {
    if (line?.type !== "segment") continue;
    const { path, take, source, number, start_us: start, end_us: end, media } = line.data;
    const length = line.data.media_us ?? (end as number) - (start as number);
    segments.push({ path, take, source, number, start, end, length, media, seq: line.seq } as Segment);
  }
  return segments;
}

function readGaps(journal: Journal, findings: Findings): Gap[] {
  const gaps: Gap[] = [];
  for (const line of journal.lines) {
    if (line?.type !== "gap") continue;
    for (const interval of line.data.intervals as { source: string; from_us: number; to_us: number }[]) {
      if (interval.to_us <= interval.from_us) continue;
      gaps.push({ source: interval.source, from: interval.from_us, to: interval.to_us });
      findings.add("gap", subjectOf(line));
    }
  }
  return gaps;
}

function checkSegments(
  segments: readonly Segment[],
  takes: readonly Take[],
  membership: Membership,
  excuse: boolean,
  findings: Findings,
): void {
  const seen = new Set<string>();
  for (const segment of segments) {
    const name = `${segment.take}/${segment.source}/${segment.number}`;
    const take = takes.find((one) => one.take === segment.take && one.seq < segment.seq);
    const spans = membership.of(segment.take).get(segment.source) ?? [];
    const strange = take === undefined || !spans.some((span) => holds(span, segment, HOLE[segment.media]));
    if ((strange && !excuse) || isWrongLength(segment) || seen.has(name))
      findings.add("bad-take", subjectOf(segment));
    seen.add(name);
  }
}

/** Whether a segment ends before its start, or its place hides a hole or an overlap (section 7.2). */
function isWrongLength({ start, end, length, media }: Segment): boolean {
  return end < start || Math.abs(end - start - length) > HOLE[media];
}

/** The segments of each track in the order of their numbers. */
function tracksOf(segments: readonly Segment[]): Map<string, Segment[]> {
  const tracks = new Map<string, Segment[]>();
  for (const segment of segments) {
    const name = `media/${segment.take}/${segment.source}`;
    tracks.set(name, [...(tracks.get(name) ?? []), segment]);
  }
  for (const track of tracks.values()) track.sort((a, b) => a.number - b.number);
  return tracks;
}

function checkTrack(track: readonly Segment[], excuse: boolean, findings: Findings): void {
  const first = track[0];
  if (first === undefined) return;
  let due = 1;
  for (const { number } of track) {
    const name = `media/${first.take}/${first.source}/${String(due).padStart(4, "0")}.mp4`;
    if (number > due) findings.add(excuse ? "withheld-hole" : "segment-missing", name);
    due = number + 1;
  }
  let end = -Infinity;
  for (const segment of track) {
    if (segment.start < end - HOLE[segment.media]) findings.add("overlap", segment.path);
    end = Math.max(end, segment.end);
  }
}

function checkCoverage(
  take: Take,
  source: string,
  span: Span,
  segments: readonly Segment[],
  gaps: readonly Gap[],
  excuse: boolean,
  findings: Findings,
): void {
  if (take.end === null) return;
  const start = Math.max(take.start, span.from);
  const end = Math.min(take.end, span.to);
  const own = segments.filter((segment) => segment.take === take.take && segment.source === source);
  const allowed = HOLE[own[0]?.media ?? "audio"];
  const covered = [
    ...own.map((segment) => [segment.start, segment.end] as const),
    ...gaps.filter((gap) => gap.source === source).map(({ from, to }) => [from, to] as const),
    [end, end] as const,
  ].sort((a, b) => a[0] - b[0]);
  let reached = start;
  for (const [from, to] of covered) {
    if (Math.min(from, end) - reached > allowed)
      findings.add(excuse ? "withheld-hole" : "unexplained-gap", `media/${take.take}/${source}`);
    reached = Math.max(reached, to);
  }
}
