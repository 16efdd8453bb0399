/**
 * The hearing as the page knows it: values, and the pure rules that read them.
 *
 * The rule of this page: *recording* is said only while the recorder's status says that bytes of every microphone reach the disk, and only
 * while that status is fresh. What is not known is shown as unknown.
 */

import { causeOf } from "../shared/causes";

export interface Case {
  number: string;
  code: string;
  title: string;
  publicity: string;
}
export interface Participant {
  id: string;
  role: string;
  name: string;
  attendance: string;
  /** A witness whose identity is kept from everybody: the name is a pseudonym. */
  protected?: boolean;
}
export interface Seat {
  id: string;
  label: string;
  source: string | null;
  participant: string | null;
}
export interface Take {
  id: string;
  publicity: string;
  start_us: number;
  end_us: number | null;
}
export interface Stage {
  seq: number;
  code: string;
  at_us: number;
  by: string;
  participant: string | null;
  note: string;
}
export interface Remark {
  seq: number;
  text: string;
  at_us: number;
  by: string;
}
/** A stage or remark that no longer stands, and the line by which. */
export interface Withdrawn {
  seq: number;
  line: number;
  at_us: number;
  by: string;
  reason: string;
  was: Stage | Remark;
}
export interface Gap {
  seq: number;
  cause: string;
  detail: string;
  intervals: { source: string; from_us: number; to_us: number }[];
}
export interface Revision {
  seq: number;
  kind: string;
  number: number;
  path: string;
}
/** The part of HearingView (protocol/view.py) that this page needs. */
export interface View {
  hearing: string;
  state: string;
  case: Case;
  participants: Participant[];
  seats: Seat[];
  sources?: { name: string; label: string }[];
  takes: Take[];
  gaps: Gap[];
  stages: Stage[];
  remarks: Remark[];
  withdrawn?: Withdrawn[];
  revisions: Revision[];
  manifests: { seq: number; number: number }[];
  receipts: unknown[];
}

export interface SourceStatus {
  name: string;
  kind: string;
  media: "audio" | "video";
  label: string;
  state: "absent" | "ready" | "recording" | "lost" | "unknown";
  peak_cdb: number | null;
  rms_cdb: number | null;
  last_us: number | null;
}
export interface Finding {
  code: string;
  severity: string;
  source: string | null;
  message: string;
  advice: string;
}
export interface Status {
  state: string | null;
  hearing: string | null;
  recording: boolean;
  sources: SourceStatus[];
  findings: Finding[];
  missing_models: string[];
  now_us: number;
  publicity?: string;
}

/** A line of the journal (docs/record-format.md, section 4). */
export interface Line {
  seq: number;
  at: string;
  type: string;
  data: Record<string, unknown>;
}

/** The view after one more line; lines of types this page does not show leave it as it is. A line seen before changes nothing. */
export function withLine(view: View, line: Line): View {
  const data = line.data as never;
  switch (line.type) {
    case "state":
      return { ...view, state: (data as { to: string }).to };
    case "case":
      return { ...view, case: { ...view.case, ...(data as Case) } };
    case "participant": {
      const person = data as Participant;
      return { ...view, participants: [...view.participants.filter((other) => other.id !== person.id), person] };
    }
    case "seat": {
      const seat = data as Seat;
      return { ...view, seats: [...view.seats.filter((other) => other.id !== seat.id), seat] };
    }
    case "take_started": {
      const started = data as { take: string; publicity: string; start_us: number };
      const take: Take = { id: started.take, publicity: started.publicity, start_us: started.start_us, end_us: null };
      return { ...view, takes: [...view.takes.filter((other) => other.id !== take.id), take] };
    }
    case "take_ended": {
      const ended = data as { take: string; end_us: number };
      return { ...view, takes: view.takes.map((take) => (take.id === ended.take ? { ...take, end_us: ended.end_us } : take)) };
    }
    case "withdrawn":
      return without(view, line.seq, (data as { line: number }).line, line.data);
    case "stage":
      view = without(view, line.seq, (data as { replaces?: number }).replaces, line.data);
      return { ...view, stages: added(view.stages, { participant: null, note: "", ...(data as object), seq: line.seq } as Stage) };
    case "remark":
      view = without(view, line.seq, (data as { replaces?: number }).replaces, line.data);
      return { ...view, remarks: added(view.remarks, { ...(data as object), seq: line.seq } as Remark) };
    case "gap":
      return { ...view, gaps: added(view.gaps, { ...(data as object), seq: line.seq } as Gap) };
    case "revision":
      return { ...view, revisions: added(view.revisions, { ...(data as object), seq: line.seq } as Revision) };
    case "manifest":
      return { ...view, manifests: added(view.manifests, { ...(data as object), seq: line.seq } as { seq: number; number: number }) };
    case "receipt":
      return view.receipts.length > 0 ? view : { ...view, receipts: [data] };
    default:
      return view;
  }
}

/** The view without the mark of a line: it no longer stands (docs/record-format.md, section 4.5). */
function without(view: View, seq: number, line: number | undefined, data: Record<string, unknown>): View {
  const was = [...view.stages, ...view.remarks].find((mark) => mark.seq === line);
  if (!was || line === undefined || ("code" in was && SWITCHES.includes(was.code))) return view;
  const { at_us, by, reason = "" } = data as { at_us: number; by: string; reason?: string };
  return {
    ...view,
    stages: view.stages.filter((mark) => mark.seq !== line),
    remarks: view.remarks.filter((mark) => mark.seq !== line),
    withdrawn: added(view.withdrawn ?? [], { seq, line, at_us, by, reason, was }),
  };
}

/** What was recorded because of these stays so: they are never taken back. */
const SWITCHES = ["CLOSED_START", "CLOSED_END"];

function added<T extends { seq: number }>(list: T[], item: T): T[] {
  return list.some((other) => other.seq === item.seq) ? list : [...list, item];
}

/** What the page may claim about the recording. */
export type Phase = "unknown" | "planned" | "recording" | "not-recording" | "paused" | "faulty" | "over";

/**
 * The claim that view, status and connection allow.
 *
 * @param fresh whether a status came within the last seconds
 */
export function phaseOf(view: View, status: Status, fresh: boolean): Phase {
  const state = status.hearing === view.hearing && status.state ? status.state : view.state;
  if (!["planned", "recording", "paused", "faulty"].includes(state)) return "over";
  if (!fresh) return "unknown";
  if (state === "recording") return status.hearing === view.hearing && status.recording ? "recording" : "not-recording";
  return state as Phase;
}

/** Whether something is recorded though not everything that has to be: "nothing reaches the disk" would be as untrue as "recording". */
export function partly(status: Status): boolean {
  return !status.recording && status.sources.some((source) => source.state === "recording");
}

/** Microseconds recorded, pauses left out; of a running take only what is known to be on the disk, up to `proven_us`. */
export function recordedUs(takes: Take[], proven_us: number): number {
  return takes.reduce((sum, take) => sum + Math.max(0, (take.end_us ?? proven_us) - take.start_us), 0);
}

/** One row of the running log. */
export interface Entry {
  seq: number;
  at_us: number;
  kind: "stage" | "remark" | "gap";
  code?: string;
  text: string;
  by: string;
  participant?: string | null;
  /** Who took it back. */
  struck?: string;
}

/** Stages, remarks and gaps, newest first; what was taken back stays in its place, struck. */
export function entriesOf(view: View): Entry[] {
  const stages = view.stages.map((item): Entry => ({ ...item, kind: "stage", text: item.note }));
  const remarks = view.remarks.map((item): Entry => ({ ...item, kind: "remark" }));
  const gaps = view.gaps.map((item): Entry => ({ seq: item.seq, at_us: item.intervals[0]?.from_us ?? 0, kind: "gap", text: gapText(view, item), by: "" }));
  const struck = (view.withdrawn ?? []).map(({ was, by, reason }): Entry => {
    const entry: Entry = "code" in was ? { ...was, kind: "stage", text: was.note } : { ...was, kind: "remark" };
    return { ...entry, struck: [by, reason].filter(Boolean).join(": ") };
  });
  return [...stages, ...remarks, ...gaps, ...struck].sort((a, b) => b.at_us - a.at_us || b.seq - a.seq);
}

/** What was not recorded, and why; a camera has no seat and goes by its own name. */
function gapText(view: View, gap: Gap): string {
  const label = (source: string): string => view.seats.find((seat) => seat.source === source)?.label || view.sources?.find((one) => one.name === source)?.label || source;
  const names = new Set(gap.intervals.map((interval) => label(interval.source)));
  return `${[...names].join(", ")}: ${causeOf(gap.cause)}`;
}

/** Place of a level on the meter, 0 (−60 dBFS and below) to 1 (full scale); levels are hundredths of dBFS. */
export function meterPlace(cdb: number | null | undefined): number {
  if (cdb === null || cdb === undefined) return 0;
  return Math.min(1, Math.max(0, 1 + cdb / 6000));
}
