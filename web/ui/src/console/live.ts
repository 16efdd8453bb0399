/** The open hearing, kept up to date by the console's server-sent events. */

import { Refused, getJson } from "../shared/http.js";
import { withLine, type Line, type Status, type View } from "./model.js";
import { withNews, type LiveNews, type Progress, type Words } from "./words.js";

/** A status older than this is no longer believed; the recorder sends one each second. */
const FRESH_MS = 4000;
/** Pause before a stream that was refused is asked for again: the browser itself gives such a one up for good. */
const AGAIN_MS = 2000;
/** How often a finished hearing is asked what became of it (transcript, protocol, receipt). */
const POLL_MS = 4000;

/** What the uploader said of a record is no longer believed after this: it says so every 15 s. */
const SENDING_MS = 90_000;

export type Levels = Record<string, [peak_cdb: number, rms_cdb: number]>;

export interface Gone {
  message: string;
  advice: string;
}

/** Tells of changes by events: `change` (view, status or connection), `levels` (detail: Levels). */
export class Live extends EventTarget {
  #source: EventSource | undefined;
  #lastStatus = 0;
  #offsetUs = 0;
  #provenUs: number | undefined;
  gone: Gone | undefined;
  /** Live words; undefined where nobody writes any. */
  words: Words | undefined;
  /** How far the transcript of this hearing is; undefined where none is being made. */
  progress: Progress | undefined;
  #sending = "";
  #sendingHeard = performance.now();

  constructor(
    public view: View,
    public status: Status,
    sending = "",
  ) {
    super();
    this.#sending = sending;
    this.#take(status);
  }

  /** Whether the recorder has been heard of in the last seconds. */
  get fresh(): boolean {
    return performance.now() - this.#lastStatus < FRESH_MS;
  }

  /** How far the record is on its way to the archive, in the reader's words; empty where nobody says so now. */
  get sending(): string {
    return performance.now() - this.#sendingHeard < SENDING_MS ? this.#sending : "";
  }

  /** The box's time now, UTC microseconds: this computer's clock may be wrong. */
  get nowUs(): number {
    return Date.now() * 1000 + this.#offsetUs;
  }

  /** The moment up to which the recording is known to be on the disk: now while it runs, else the last that was told, UTC microseconds. */
  get provenUs(): number {
    if (this.fresh && this.status.recording) return this.nowUs;
    const told = this.status.sources.filter((source) => source.media === "audio" && source.last_us !== null).map((source) => source.last_us ?? 0);
    return this.#provenUs ?? (told.length > 0 ? Math.min(...told) : 0);
  }

  connect(): void {
    this.#listen();
    window.addEventListener("pagehide", () => this.#source?.close());
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) this.#listen(); // back from the browser's memory of pages, where the stream was closed
    });
    setInterval(() => this.#changed(), 500);
    setInterval(() => {
      if (["finished", "drafted"].includes(this.view.state) && document.visibilityState === "visible") void this.refresh();
    }, POLL_MS);
  }

  #listen(): void {
    this.#source?.close();
    const source = new EventSource("/api/events");
    this.#source = source;
    source.addEventListener("status", (event) => {
      this.#take(JSON.parse((event as MessageEvent<string>).data) as Status);
      this.#changed();
    });
    source.addEventListener("line", (event) => {
      if (this.status.hearing !== this.view.hearing) return;
      this.view = withLine(this.view, JSON.parse((event as MessageEvent<string>).data) as Line);
      this.#changed();
    });
    source.addEventListener("levels", (event) => {
      this.dispatchEvent(new CustomEvent<Levels>("levels", { detail: JSON.parse((event as MessageEvent<string>).data) as Levels }));
    });
    source.addEventListener("live", (event) => this.#heard(JSON.parse((event as MessageEvent<string>).data) as LiveNews));
    source.addEventListener("progress", (event) => {
      const told = JSON.parse((event as MessageEvent<string>).data) as Progress;
      if (told.hearing !== this.view.hearing) return;
      this.progress = told;
      this.#changed();
    });
    source.addEventListener("sending", (event) => {
      const told = JSON.parse((event as MessageEvent<string>).data) as { hearing: string; text: string };
      if (told.hearing !== this.view.hearing) return;
      this.#sending = told.text;
      this.#sendingHeard = performance.now();
      this.#changed();
    });
    source.addEventListener("gone", (event) => {
      this.gone = JSON.parse((event as MessageEvent<string>).data) as Gone;
      this.#lastStatus = Number.NEGATIVE_INFINITY;
      this.#changed();
    });
    source.addEventListener("signed-out", () => location.reload());
    // Lines may have been missed while the stream was away.
    source.addEventListener("open", () => void this.refresh());
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      setTimeout(() => this.#listen(), AGAIN_MS);
      void this.refresh(); // tells whether the session has ended
    });
  }

  /** Ask for the hearing as a whole. */
  async refresh(): Promise<void> {
    try {
      const hearing = `/api/hearings/${encodeURIComponent(this.view.hearing)}`;
      this.view = await getJson<View>(hearing);
      const speech = await getJson<{ live: LiveNews | null; progress: Progress | null }>(`${hearing}/speech`);
      if (speech.live && !this.words) this.words = withNews(undefined, speech.live, performance.now());
      else if (speech.live) this.words = withNews(this.words, { ...speech.live, behind_ms: this.words?.behindMs ?? 0 }, this.words?.heardMs ?? 0);
      this.progress = speech.progress ?? undefined;
      this.#changed();
    } catch (error) {
      if (error instanceof Refused && error.status === 401) location.reload(); // to the sign-in, and back here
      // Otherwise the stream's own events tell the person that the recorder is away; a later refresh brings the rest.
    }
  }

  close(): void {
    this.#source?.close();
  }

  #take(status: Status): void {
    this.status = status;
    this.gone = undefined;
    this.#lastStatus = performance.now();
    this.#offsetUs = status.now_us - Date.now() * 1000;
    if (status.recording) this.#provenUs = status.now_us;
  }

  #heard(news: LiveNews): void {
    if (news.hearing !== this.view.hearing) return;
    this.words = withNews(this.words, news, performance.now());
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
