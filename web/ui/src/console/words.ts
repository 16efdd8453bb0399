/** Words while the hearing is recorded: a draft that the machine revises, and says how late it is (recorder/live_text.py). Values and pure rules. */

import { t } from "../shared/i18n.js";

export interface LivePassage {
  id: string;
  revision: number;
  settled: boolean;
  take: string;
  source: string;
  speaker: string | null;
  start_us: number;
  end_us: number;
  kind: "speech" | "refused" | "missing_model" | "skipped";
  text: string;
  demonstration: boolean;
}
export interface LiveNews {
  hearing?: string;
  publicity: string;
  up_to_us: number;
  behind_ms: number;
  passages: LivePassage[];
}
export interface Progress {
  hearing?: string;
  done_pm: number;
  left_s: number | null;
}
/** What the page knows of the words. `heardMs`: by the page's own clock, when it was last told anything. */
export interface Words {
  passages: ReadonlyMap<string, LivePassage>;
  behindMs: number;
  heardMs: number;
}

/** Passages that the page keeps; the recorder keeps as many. */
const MOST = 400;
/** Further behind than this, the page says that it is the words that are late, and not the recording. */
export const LATE_S = 10;

/** The words after some news; an older revision never replaces a newer one. */
export function withNews(words: Words | undefined, news: LiveNews, nowMs: number): Words {
  const passages = new Map(words?.passages ?? []);
  for (const passage of news.passages) {
    const known = passages.get(passage.id);
    if (!known || known.revision < passage.revision) passages.set(passage.id, passage);
  }
  for (const id of passages.keys()) {
    if (passages.size <= MOST) break;
    passages.delete(id);
  }
  return { passages, behindMs: news.behind_ms, heardMs: nowMs };
}

/** Seconds that the words are behind now: what was told last, and the time that has passed since while nothing came. */
export function behindS(words: Words, nowMs: number, silentMs = 3000): number {
  const since = nowMs - words.heardMs;
  return Math.round((words.behindMs + (since > silentMs ? since : 0)) / 1000);
}

/** What is worth showing, newest first: settled passages without words are none. */
export function shown(words: Words): LivePassage[] {
  return [...words.passages.values()]
    .filter((passage) => passage.text !== "" || passage.kind === "skipped" || passage.kind === "missing_model")
    .sort((a, b) => b.start_us - a.start_us || b.source.localeCompare(a.source));
}

/** How far the transcript is, in words; empty where nothing is known. */
export function progressText(progress: Progress | undefined): string {
  if (!progress) return "";
  const percent = Math.floor(progress.done_pm / 10);
  if (progress.left_s === null) return t("{percent} % done.", { percent });
  if (progress.left_s < 60) return t("{percent} % done, less than a minute left.", { percent });
  return t("{percent} % done, about {minutes} min left.", { percent, minutes: Math.round(progress.left_s / 60) });
}
