/** What the archive says of a hearing (`replay.json`; storage/archive/media.py), and what the page itself carries. */
import type { Span } from "./clock";

export interface Take {
  readonly id: string;
  readonly publicity: "open" | "closed";
  readonly start_us: number;
  readonly end_us: number | null;
  readonly reason: string | null;
}

export interface SegmentFact {
  readonly path: string;
  readonly number: number;
  readonly start_us: number;
  readonly end_us: number;
  /** Length of the media by its own count (record format, section 7.2); older archives do not say. */
  readonly media_us?: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly playable: boolean;
  /** It is being recorded: what stands here is the part that is signed already. */
  readonly growing?: boolean;
}

export interface Participant {
  readonly id: string;
  readonly role: string;
  readonly name: string;
}

/** What one source gave in one take. */
export interface TrackFact {
  readonly take: string;
  readonly source: string;
  readonly label: string;
  readonly media: "audio" | "video";
  readonly codec: string;
  readonly participant: Participant | null;
  readonly start_us: number;
  readonly end_us: number;
  readonly segments: readonly SegmentFact[];
}

export interface Stage {
  readonly seq: number;
  readonly code: string;
  readonly at_us: number;
  readonly participant: string | null;
  readonly note: string;
}

export interface Remark {
  readonly seq: number;
  readonly text: string;
  readonly at_us: number;
  readonly by: string;
}

/** A file that came with remarks. */
export interface Attachment {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** What somebody entered about the signed protocol (storage/archive/protocol_remarks.py): remarks, a review of them, or that it was read. */
export interface ProtocolRemark {
  readonly path: string;
  readonly number: number;
  /** Null: the file has not come, or cannot be read; nothing else is known of it then. */
  readonly kind: "familiarised" | "filed" | "reviewed" | null;
  readonly at_us: number;
  readonly person: string;
  readonly role: string;
  readonly of: string;
  readonly text: string;
  readonly decision: "certified" | "partly" | "rejected" | null;
  readonly moments: readonly number[];
  readonly attachments: readonly Attachment[];
  /** Path of the encrypted file, of one that speaks of a part in camera. */
  readonly closed: string;
  /** Its words are here: it speaks of the open part, or was opened for the reader. */
  readonly readable: boolean;
}

export interface Gap {
  readonly cause: string;
  readonly detail: string;
  readonly source: string;
  readonly from_us: number;
  readonly to_us: number;
}

export interface Model {
  readonly engine: string;
  readonly name: string;
  readonly demonstration: boolean;
}

export interface Word {
  readonly text: string;
  readonly start_us: number;
  readonly end_us: number;
  readonly probability_pm: number | null;
  readonly model: number | null;
  readonly edited_by: string | null;
}

export interface Passage {
  readonly kind: "speech" | "gap" | "missing_model" | "refused";
  readonly take: string;
  readonly source: string;
  readonly start_us: number;
  readonly end_us: number;
  readonly language: string | null;
  readonly speaker: string | null;
  readonly words: readonly Word[];
  readonly reason: string | null;
  readonly doubt_pm?: number | null;
}

export interface Missing {
  readonly language: string;
  readonly advice_en: string;
  readonly advice_kk: string;
  readonly advice_ru: string;
}

export interface Transcript {
  readonly number: number;
  readonly models: readonly Model[];
  readonly missing: readonly Missing[];
  readonly passages: readonly Passage[];
}

export interface Document {
  readonly kind: string;
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
}

export interface ServerFinding {
  readonly code: string;
  readonly severity: "fail" | "note";
  readonly step: number;
  readonly subject: string;
  readonly detail: string;
  readonly meaning: string;
}

export interface ServerAnswer {
  readonly verdict: string;
  readonly good: boolean;
  readonly findings: readonly ServerFinding[];
}

export interface ServerReport {
  readonly good: boolean;
  readonly device: string;
  readonly integrity: ServerAnswer;
  readonly completeness: ServerAnswer;
  readonly provenance: ServerAnswer;
  readonly verified_at?: string;
}

export interface Receipt {
  readonly archive: string;
  readonly index: number;
  readonly received_at: string;
  readonly seal_number: number;
  /** What a time stamp authority says of it (RFC 3161), as the archive checked it. */
  readonly timestamp?: { readonly at_us: number; readonly authority: string } | null;
}

export interface Replay {
  readonly hearing: string;
  readonly state: string;
  readonly participants: readonly Participant[];
  readonly takes: readonly Take[];
  readonly tracks: readonly TrackFact[];
  readonly stages: readonly Stage[];
  readonly remarks: readonly Remark[];
  /** The console does not say them here: it has a page for them. */
  readonly protocol_remarks?: readonly ProtocolRemark[];
  readonly gaps: readonly Gap[];
  readonly transcript: Transcript | null;
  readonly documents: readonly Document[];
  readonly verification: ServerReport | null;
  readonly receipt: Receipt | null;
}

/** What pages.py puts into the page. */
export interface PageData {
  readonly hearing: string;
  /** Address of the hearing: `/hearings/<id>`. */
  readonly base: string;
  /** Titles of the stages, by code, in the reader's language. */
  readonly stages: Readonly<Record<string, string>>;
  /** Names of the roles, by code, in the reader's language. */
  readonly roles: Readonly<Record<string, string>>;
  /** What the parts in camera are to the reader (storage/archive/closed_api.py): not there, not theirs, shut until they say for what, open. */
  readonly closed: "none" | "forbidden" | "shut" | "open";
}

/** What the browser's verifier is given: every file of the record, and the keys that the archive trusts. */
export interface FileList {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly trust: readonly string[];
}

/** The address of a file of the record. */
export function fileAddress(base: string, path: string): string {
  return `${base}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** The address at which a segment can be played: one of a closed part is opened by the archive, if the reader said for what. */
export function mediaAddress(base: string, path: string): string {
  return path.endsWith(".enc") ? fileAddress(base, path).replace(`${base}/files/`, `${base}/closed/`) : fileAddress(base, path);
}

/** Texts and sources of a hearing, put together once. */
export interface SourceFact {
  readonly source: string;
  readonly label: string;
  readonly media: "audio" | "video";
  readonly participant: Participant | null;
  /** Every segment of every take, in time order. */
  readonly segments: readonly SegmentFact[];
  /** Takes in camera that are shut to the reader. */
  readonly shut: readonly Span[];
}

/** Takes in camera of which nothing can be played: the reader may not, has not opened them, or does not play them on this page. */
export function shutSpans(replay: Replay): Span[] {
  const plays = new Set(replay.tracks.filter(({ segments }) => segments.some(({ playable }) => playable)).map(({ take }) => take));
  return replay.takes
    .filter(({ id, publicity }) => publicity === "closed" && !plays.has(id))
    .map(({ start_us, end_us }) => ({ start_us, end_us: end_us ?? Infinity }));
}

/** What is there and what came since, by `?since_us=`: tracks with their new segments, and those that grew. */
export function joined(known: Replay, news: Replay): Replay {
  const tracks = new Map(known.tracks.map((track) => [`${track.take}/${track.source}`, track]));
  for (const track of news.tracks) {
    const key = `${track.take}/${track.source}`;
    const segments = new Map(tracks.get(key)?.segments.map((segment) => [segment.path, segment]));
    for (const segment of track.segments) segments.set(segment.path, segment);
    tracks.set(key, { ...track, segments: [...segments.values()] });
  }
  return { ...known, ...news, transcript: known.transcript, tracks: [...tracks.values()] };
}

/** The tracks of all takes, put together by source: cameras and microphones in the order of their first appearance. */
export function sourcesOf(replay: Replay): SourceFact[] {
  const found = new Map<string, SourceFact & { segments: SegmentFact[] }>();
  const shut = shutSpans(replay);
  for (const track of replay.tracks) {
    const { source, label, media, participant } = track;
    const known = found.get(source) ?? { source, label, media, participant, segments: [], shut };
    known.segments.push(...track.segments);
    found.set(source, known);
  }
  const sources = [...found.values()];
  for (const { segments } of sources) segments.sort((a, b) => a.start_us - b.start_us);
  return sources;
}
