/** All cameras and microphones together: one clock, and every track held to it. */
import { Clock, Recorded, type Span } from "./clock";
import { shutSpans, sourcesOf, type Replay } from "./model";
import { Track, type Fetcher } from "./track";

export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

const TICK_MS = 50;

/**
 * Events: `time` while the moment moves, `change` when anything else does.
 */
export class Player extends EventTarget {
  readonly recorded: Recorded;
  readonly clock: Clock;
  readonly tracks: readonly Track[];
  playing = false;
  /** The clock is held: what must be heard or seen is being fetched. */
  waiting = false;
  /** The one microphone that is heard; null: all that are not muted. */
  solo: string | null = null;
  readonly muted = new Set<string>();
  volume = 1;
  /** The hearing is being recorded: at the end of what is there playing waits for more. */
  live: boolean;
  private shut: readonly Span[];
  private readonly ticking: ReturnType<typeof setInterval>;

  constructor(replay: Replay, fetcher: Fetcher) {
    super();
    this.recorded = new Recorded(spansOf(replay));
    this.clock = new Clock(this.recorded);
    const { start_us, end_us } = this.recorded;
    const changed = (): void => this.emit("change");
    this.tracks = sourcesOf(replay).map((source) => new Track(source, start_us, end_us - start_us, fetcher, changed));
    this.live = isOpen(replay);
    this.shut = shutSpans(replay);
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.applyVolumes();
  }

  /** The hearing went on. A source that is new to it is played only by a player that is made anew: false then. */
  update(replay: Replay): boolean {
    const sources = sourcesOf(replay);
    const known = new Map(this.tracks.map((track) => [track.source.source, track]));
    if (this.recorded.spans.length === 0 || sources.some(({ source }) => !known.has(source))) return false;
    this.recorded.update(spansOf(replay));
    this.live = isOpen(replay);
    this.shut = shutSpans(replay);
    const length_us = this.recorded.end_us - this.recorded.start_us;
    for (const source of sources) known.get(source.source)?.update(source, length_us);
    this.emit("change");
    return true;
  }

  /** No more is played: another player takes this one's place. */
  close(): void {
    this.pause();
    clearInterval(this.ticking);
  }

  get position_us(): number {
    return this.clock.position_us;
  }

  get rate(): number {
    return this.clock.rate;
  }

  /** The take in camera at the moment, if it is shut to the reader. */
  get shutHere(): Span | undefined {
    const { position_us } = this;
    return this.shut.find((one) => one.start_us <= position_us && position_us < one.end_us);
  }

  /** Whether nothing of the hearing can be played, for all of it was in camera. */
  get isShut(): boolean {
    const { spans } = this.recorded;
    return spans.length > 0 && spans.every((span) => this.shut.some((one) => one.start_us === span.start_us));
  }

  get cameras(): readonly Track[] {
    return this.tracks.filter((track) => track.source.media === "video");
  }

  get microphones(): readonly Track[] {
    return this.tracks.filter((track) => track.source.media === "audio");
  }

  play(): void {
    if (this.playing || this.recorded.spans.length === 0) return;
    if (this.position_us >= this.recorded.end_us && !this.live) this.clock.seek(this.recorded.start_us);
    for (const track of this.tracks) track.retry();
    this.playing = true;
    this.clock.hold();
    this.tick();
    this.emit("change");
  }

  pause(): void {
    this.playing = false;
    this.waiting = false;
    this.tick();
    this.emit("change");
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Go to a moment of the hearing, UTC µs. */
  seek(at_us: number): void {
    this.clock.seek(at_us);
    this.clock.hold();
    this.tick();
    this.emit("time");
  }

  /** Go on or back by recorded time, µs. */
  skip(by_us: number): void {
    const elapsed = this.recorded.elapsed(this.position_us) + by_us;
    this.seek(this.recorded.moment(Math.min(elapsed, this.recorded.length_us - 1)));
  }

  setRate(rate: number): void {
    this.clock.rate = rate;
    this.emit("change");
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.applyVolumes();
    this.emit("change");
  }

  /** Hear this microphone alone; null, or the same one again: hear all. */
  setSolo(source: string | null): void {
    this.solo = this.solo === source ? null : source;
    this.applyVolumes();
    this.emit("change");
  }

  toggleMuted(source: string): void {
    if (!this.muted.delete(source)) this.muted.add(source);
    this.applyVolumes();
    this.emit("change");
  }

  isHeard(source: string): boolean {
    return this.solo === null ? !this.muted.has(source) : this.solo === source;
  }

  private applyVolumes(): void {
    for (const { element, source } of this.microphones) {
      element.muted = !this.isHeard(source.source);
      element.volume = this.volume;
    }
  }

  private tick(): void {
    for (const track of this.tracks) track.demand(this.position_us);
    const running = this.playing && this.run();
    for (const track of this.tracks) track.follow(this.position_us, this.rate, running);
  }

  /** Let the clock go on if everything is there; whether it runs. */
  private run(): boolean {
    if (!this.passShut()) return false;
    const needed = this.tracks.filter(({ source }) => source.media === "video" || this.isHeard(source.source));
    const waiting = !needed.every((track) => track.isReady(this.position_us));
    if (waiting !== this.waiting) {
      this.waiting = waiting;
      this.emit("change");
    }
    if (waiting) {
      this.clock.hold();
      return false;
    }
    const more = this.clock.advance(performance.now());
    if (!more && this.live) this.clock.hold();
    else if (!more) this.playing = false;
    this.emit(more ? "time" : "change");
    return more;
  }

  /** A part in camera that is shut is passed over, like a break: minutes of nothing tell nobody anything. Whether there is more to play. */
  private passShut(): boolean {
    const here = this.shutHere;
    if (here === undefined) return true;
    if (here.end_us < this.recorded.end_us) {
      this.clock.seek(here.end_us);
      this.clock.hold();
      this.emit("time");
      return true;
    }
    if (!this.live) this.playing = false;
    this.clock.hold();
    this.emit("change");
    return false;
  }

  private emit(name: "time" | "change"): void {
    this.dispatchEvent(new Event(name));
  }
}

function isOpen(replay: Replay): boolean {
  return replay.takes.some((take) => take.end_us === null);
}

/** The recorded stretches: a take that runs reaches as far as any of its sources does. */
function spansOf(replay: Replay): Span[] {
  return replay.takes.map((take) => {
    const ends = replay.tracks.filter((track) => track.take === take.id).map((track) => track.end_us);
    return { start_us: take.start_us, end_us: take.end_us ?? Math.max(take.start_us, ...ends) };
  });
}
