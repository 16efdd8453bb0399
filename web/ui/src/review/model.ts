/** What the console tells of a hearing that is reviewed (recorder/console/review.py). */
import type { Replay, Transcript } from "../player/model";

export interface Revision {
  readonly kind: string;
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
  readonly by: string;
  readonly at: string;
  /** Of a protocol: the draft that people confirmed in it; empty: it is a draft. */
  readonly of: string;
}

/** A passage to check, by its place in the transcript; greatest doubt first. */
export interface Doubt {
  readonly index: number;
  readonly start_us: number;
  readonly speaker: string | null;
  readonly text: string;
  readonly doubt_pm: number;
}

export interface Change {
  readonly kind: "words" | "speaker";
  readonly start_us: number;
  readonly before: string;
  readonly after: string;
}

export type Where = { readonly index: number; readonly source: string; readonly start_us: number };

export type Edit =
  | { readonly kind: "correct"; readonly passage: Where; readonly text: string }
  | { readonly kind: "merge"; readonly passage: Where; readonly second: Where }
  | { readonly kind: "split"; readonly passage: Where; readonly before: number }
  | { readonly kind: "move"; readonly passage: Where; readonly speaker: string | null }
  | { readonly kind: "delete"; readonly passage: Where };

/** What the page carries. */
export interface PageData {
  readonly hearing: string;
  /** Address of the hearing's routes: `/api/hearings/<id>`. */
  readonly base: string;
  /** Address of the page that records: `/hearings/<id>`. */
  readonly desk: string;
  readonly stages: Readonly<Record<string, string>>;
  readonly roles: Readonly<Record<string, string>>;
  /** The language in which the protocol is confirmed and signed. */
  readonly tongue: "kk" | "ru";
  /** Whether this person decides on the recording (the presiding judge). */
  readonly mayDecide: boolean;
  /** Whether the hearing's transcript and protocol may be changed now. */
  readonly mayEdit: boolean;
}

export type Reviewed = Replay & { readonly transcript: Transcript | null };
