/**
 * One camera or microphone: fetches its segments, checks each against the journal's digest, and gives it to a media element.
 *
 * Each segment is a file of its own whose time begins at 0; it is placed (`timestampOffset`) where the journal's place and length
 * put it (places.ts). Nothing is guessed from the files, and a stretch that was not recorded stays empty.
 */
import { fromBase64, equal, type Bytes } from "../verify/bytes";
import { digestOf } from "../verify/sha256";
import { correction } from "./clock";
import type { SegmentFact, SourceFact } from "./model";
import { codecOf } from "./mp4";
import { HOLE_US, Places } from "./places";

export type TrackState = "ready" | "loading" | "empty" | "failed" | "unsupported" | "shut";

const AHEAD_US = 25_000_000;
const BEHIND_US = 40_000_000;
/** What is kept after the position when memory runs out or on a jump back. */
const BEYOND_US = 120_000_000;
/** After so long a segment that could not be fetched is asked for again. */
const AGAIN_MS = 2_000;

export interface Fetcher {
  /** Bytes of a file of the record: from the byte `from` to before the byte `to`. */
  (path: string, signal: AbortSignal, from: number, to: number): Promise<Bytes>;
}

export class Track {
  readonly element: HTMLMediaElement;
  /** Paths of segments whose bytes are not those of the journal. */
  readonly altered = new Set<string>();
  /** Number of segments fetched and found to be those of the journal. */
  checked = 0;

  private readonly media = new MediaSource();
  private places: Places;
  private buffer: SourceBuffer | null = null;
  private type = "";
  private unsupported = false;
  private readonly here = new Set<SegmentFact>();
  /** Bytes of the segment that grows, as far as they came, for the digest over all of them. */
  private grown: { path: string; bytes: Bytes; end_us: number } | null = null;
  /** What could not be fetched, and when that was, in the ms of `performance.now()`. */
  private readonly failed = new Map<SegmentFact, number>();
  private position_us = 0;
  private busy = false;
  private loading: { segment: SegmentFact; abort: AbortController } | null = null;

  constructor(
    public source: SourceFact,
    private readonly origin_us: number,
    private length_us: number,
    private readonly fetcher: Fetcher,
    private readonly onChange: () => void,
  ) {
    this.places = new Places(source.segments, origin_us);
    this.element = document.createElement(source.media);
    this.element.preload = "auto";
    this.element.disableRemotePlayback = true;
    if (this.element instanceof HTMLVideoElement) {
      this.element.playsInline = true;
      this.element.disablePictureInPicture = true;
      this.element.muted = true;
    }
    this.element.src = URL.createObjectURL(this.media);
    this.media.addEventListener("sourceopen", () => {
      this.media.duration = this.length_us / 1e6;
      void this.pump();
    }, { once: true });
  }

  /** The source has more segments, or one of them grew; what is in the element stays. */
  update(source: SourceFact, length_us: number): void {
    const known = new Map(this.source.segments.map((segment) => [segment.path, segment]));
    const segments = source.segments.map((segment) => {
      const before = known.get(segment.path);
      return before !== undefined && before.sha256 === segment.sha256 && before.growing === segment.growing ? before : segment;
    });
    for (const segment of [...this.here]) if (!segments.includes(segment)) this.here.delete(segment);
    this.places = new Places(segments, this.origin_us, this.places);
    this.source = { ...source, segments };
    this.length_us = length_us;
    this.lengthen();
  }

  /** The element is as long as the hearing; a buffer that is being filled refuses it, then it is done after that. */
  private lengthen(): void {
    if (this.media.readyState !== "open" || this.buffer?.updating) return;
    if (!(this.media.duration >= this.length_us / 1e6)) this.media.duration = this.length_us / 1e6;
  }

  /** The segment that holds a moment, the small holes between two segments counted in. */
  segmentAt(at_us: number): SegmentFact | undefined {
    const { segments } = this.source;
    return (
      segments.find((s) => s.start_us <= at_us && at_us < s.end_us) ??
      segments.find((s) => s.start_us - HOLE_US <= at_us && at_us < s.end_us + HOLE_US)
    );
  }

  state(at_us: number): TrackState {
    if (this.unsupported) return "unsupported";
    if (this.source.shut.some((one) => one.start_us <= at_us && at_us < one.end_us)) return "shut"; // also in the small hole after an open segment
    const segment = this.segmentAt(at_us);
    if (segment === undefined) return "empty";
    if (this.here.has(segment) || (this.grown?.path === segment.path && at_us < this.grown.end_us)) return "ready";
    return this.failed.has(segment) || !segment.playable ? "failed" : "loading";
  }

  /** Whether playing may go on here: what can be had for the next moment is there. */
  isReady(at_us: number): boolean {
    return [at_us, at_us + 300_000].every((moment) => this.state(moment) !== "loading");
  }

  /** Fetch what is needed around a moment. */
  demand(at_us: number): void {
    this.position_us = at_us;
    if (this.loading !== null && !this.isWanted(this.loading.segment)) this.loading.abort.abort();
    void this.pump();
  }

  /** Try again at once what could not be fetched; what is still wanted is tried again from time to time in any case. */
  retry(): void {
    this.failed.clear();
  }

  /** Bring the element to the clock's moment. */
  follow(at_us: number, rate: number, running: boolean): void {
    const { element } = this;
    const segment = this.segmentAt(at_us);
    if (segment === undefined || this.state(at_us) !== "ready" || this.buffer === null) {
      if (!element.paused) element.pause();
      return;
    }
    // Never into the small hole before a segment: nothing lies there, and the browser's jump to it would never end.
    const target = this.places.second(segment, at_us);
    if (!running && !element.paused) element.pause();
    if (element.seeking) return;
    const drift = element.currentTime - target;
    if (running && !element.paused) {
      const { jump, rate: speed } = correction(drift, rate);
      if (jump) element.currentTime = target;
      if (Math.abs(element.playbackRate - speed) > 0.001) element.playbackRate = speed;
      return;
    }
    if (Math.abs(drift) > 0.02) element.currentTime = target;
    if (running) {
      element.playbackRate = rate;
      element.play().catch((error: unknown) => {
        // A pause that came before playing began is no fault; anything else is.
        if (!(error instanceof DOMException && error.name === "AbortError")) console.error(error);
      });
    }
  }

  private isWanted(segment: SegmentFact): boolean {
    return segment.end_us > this.position_us - HOLE_US && segment.start_us < this.position_us + AHEAD_US;
  }

  private nextWanted(): SegmentFact | undefined {
    return this.source.segments.find(
      (s) => s.playable && !this.here.has(s) && this.isWanted(s) && performance.now() - (this.failed.get(s) ?? -Infinity) > AGAIN_MS,
    );
  }

  private async pump(): Promise<void> {
    if (this.busy || this.unsupported || this.media.readyState !== "open") return;
    this.busy = true;
    try {
      for (let next = this.nextWanted(); next !== undefined; next = this.nextWanted()) {
        await this.load(next);
        this.onChange();
        if (this.unsupported) break;
      }
    } finally {
      this.busy = false;
    }
  }

  private async load(segment: SegmentFact): Promise<void> {
    const abort = new AbortController();
    this.loading = { segment, abort };
    try {
      const before = this.grown?.path === segment.path && this.grown.bytes.length <= segment.bytes ? this.grown.bytes : null;
      const from = before?.length ?? 0;
      const news = from < segment.bytes ? await this.fetcher(segment.path, abort.signal, from, segment.bytes) : new Uint8Array();
      const bytes = before === null ? news : both(before, news);
      const stated = fromBase64(segment.sha256, 32);
      if (stated !== null && equal(stated, await digestOf(bytes))) this.checked += 1;
      else this.altered.add(segment.path);
      await this.forget();
      if (from === segment.bytes || (await this.append(segment, news, bytes))) {
        this.here.add(segment);
        this.failed.delete(segment);
      }
      if (segment.growing) this.grown = { path: segment.path, bytes, end_us: segment.end_us };
      else if (before !== null) this.grown = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      console.error(`${segment.path}:`, error);
      this.failed.set(segment, performance.now());
    } finally {
      this.loading = null;
    }
  }

  /** Puts bytes of a segment into the element; `whole` has its head, by which it is known what they are. */
  private async append(segment: SegmentFact, bytes: Bytes, whole: Bytes): Promise<boolean> {
    const codec = codecOf(whole);
    const type = `${this.source.media}/mp4; codecs="${codec ?? ""}"`;
    if (codec === null || !MediaSource.isTypeSupported(type)) {
      this.unsupported = true;
      return false;
    }
    if (this.buffer === null) this.buffer = this.media.addSourceBuffer(type);
    else if (this.type !== type) this.buffer.changeType(type);
    this.type = type;
    const buffer = this.buffer;
    this.lengthen();
    buffer.timestampOffset = this.places.start(segment);
    try {
      await settled(buffer, () => buffer.appendBuffer(bytes));
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "QuotaExceededError")) throw error;
      await this.forget(true);
      await settled(buffer, () => buffer.appendBuffer(bytes));
    }
    return true;
  }

  /** Drop what lies far from the position: a hearing of hours does not fit into memory. */
  private async forget(hard = false): Promise<void> {
    const buffer = this.buffer;
    if (buffer === null) return;
    const from = this.position_us - (hard ? 2_000_000 : BEHIND_US);
    const to = this.position_us + (hard ? AHEAD_US : BEYOND_US);
    for (const segment of [...this.here]) {
      if (segment.end_us > from && segment.start_us < to) continue;
      await settled(buffer, () => buffer.remove(Math.max(0, this.places.start(segment)), this.places.end(segment)));
      this.here.delete(segment);
      if (this.grown?.path === segment.path) this.grown = null; // what is gone from the element is fetched from its first byte
    }
  }
}

/** Do something with a buffer and wait until it is done. */
function settled(buffer: SourceBuffer, act: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (done: () => void): void => {
      buffer.removeEventListener("updateend", onEnd);
      buffer.removeEventListener("error", onError);
      done();
    };
    const onEnd = (): void => end(resolve);
    const onError = (): void => end(() => reject(new Error("the browser cannot read the file")));
    buffer.addEventListener("updateend", onEnd);
    buffer.addEventListener("error", onError);
    try {
      act();
    } catch (error) {
      end(() => reject(error instanceof Error ? error : new Error(String(error))));
    }
  });
}

function both(one: Bytes, other: Bytes): Bytes {
  const found = new Uint8Array(one.length + other.length);
  found.set(one);
  found.set(other, one.length);
  return found;
}
