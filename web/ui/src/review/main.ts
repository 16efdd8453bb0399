/** The review page: player and text side by side; the text is corrected, the recording is judged, the protocol is made. */
import "../player/course";
import "../player/microphones";
import "../player/player.css";
import "../player/screens";
import "../player/transport";
import "./doubts";
import "./editor";
import "./papers";
import "./quality";
import "./review.css";
import "./revisions";

import { html, nothing, render, type TemplateResult } from "lit";

import { keysAreOn, listen } from "../player/keyboard";
import { fileAddress, joined, type Replay, type Transcript } from "../player/model";
import { keysCard, startIn } from "../player/page";
import { Player } from "../player/player";
import { getJson, postJson, Refused } from "../shared/http";
import { t } from "../shared/i18n";
import { pageData } from "../shared/page";
import type { Bytes } from "../verify/bytes";
import type { Doubts } from "./doubts";
import type { Editor } from "./editor";
import type { Doubt, Edit, PageData, Revision } from "./model";

/** How often a page asks what was recorded since, ms. */
const NEWS_MS = 2_000;
/** A page asks again for what ended so long before its newest moment: a segment that grew is told once more when it is closed. */
const AGAIN_US = 60_000_000;

const root = document.getElementById("review");
const page = pageData<PageData>();

async function fetchBytes(path: string, signal: AbortSignal, from: number, to: number): Promise<Bytes> {
  const headers = { Range: `bytes=${from}-${to - 1}` };
  const response = await fetch(fileAddress(page.base, path), { signal, headers, credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The page's state; `draw` shows it. */
class Review {
  private player: Player;
  private doubts: readonly Doubt[] = [];
  private revisions: readonly Revision[] = [];
  private said = "";
  private problem: { message: string; advice: string } | null = null;

  constructor(private readonly place: HTMLElement, private replay: Replay) {
    this.player = new Player(replay, fetchBytes);
    listen(this.player);
    document.addEventListener("keydown", (event) => this.key(event));
  }

  async start(): Promise<void> {
    await this.papers();
    const wanted = Number(new URLSearchParams(location.search).get("at")); // UTC µs
    const back = Number(new URLSearchParams(location.search).get("back")); // s before the newest moment
    if (Number.isSafeInteger(wanted) && wanted > 0) this.player.seek(wanted);
    else if (back > 0) this.player.seek(this.player.recorded.end_us - back * 1e6);
    this.place.textContent = "";
    this.draw();
    if (this.player.live) setTimeout(() => void this.news(), NEWS_MS);
  }

  /** Revisions and doubts: what changes when somebody edits. */
  private async papers(): Promise<void> {
    this.revisions = await getJson<Revision[]>(`${page.base}/revisions`);
    const { transcript } = this.replay;
    this.doubts = transcript === null ? [] : (await getJson<{ passages: Doubt[] }>(`${page.base}/transcripts/${transcript.number}/doubts`)).passages;
  }

  /** What was recorded since; a page whose connection is gone goes on trying. */
  private async news(): Promise<void> {
    try {
      const since = Math.max(0, this.player.recorded.end_us - AGAIN_US);
      this.replay = joined(this.replay, await getJson<Replay>(`${page.base}/replay.json?since_us=${Math.max(1, Math.floor(since))}`));
      if (!this.player.update(this.replay)) this.renew();
      this.draw();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    if (this.player.live || ["recording", "paused", "faulty"].includes(this.replay.state)) setTimeout(() => void this.news(), NEWS_MS);
  }

  /** The first second of the hearing, or a device that came to it: a player that knows all sources. */
  private renew(): void {
    const at = this.player.position_us;
    this.player.close();
    this.player = new Player(this.replay, fetchBytes);
    listen(this.player);
    if (at > 0) this.player.seek(at);
  }

  private key(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.code !== "KeyN" || !keysAreOn()) return;
    if ((event.target as Element).closest("input:not([type=range],[type=checkbox]), textarea, select") !== null) return;
    event.preventDefault();
    this.place.querySelector<Doubts>("hattama-doubts")?.next();
  }

  private readonly send = async (edit: Edit): Promise<"done" | "conflict" | "refused"> => {
    const { transcript } = this.replay;
    if (transcript === null) return "refused";
    try {
      await postJson(`${page.base}/transcripts/edits`, { based_on: transcript.number, edits: [edit] });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const conflict = await this.newer(transcript.number);
      this.problem = conflict
        ? { message: t("Another person changed the text a moment ago: your correction was not saved."), advice: t("The newest text is shown now. Look again and correct once more if it is still needed.") }
        : { message: error.message, advice: error.advice };
      this.draw();
      return conflict ? "conflict" : "refused";
    }
    this.problem = null;
    await this.reload();
    this.said = t("Saved as revision {number}", { number: this.replay.transcript?.number ?? 0 });
    this.draw();
    return "done";
  };

  /** Whether somebody was quicker; their text is shown then. */
  private async newer(known: number): Promise<boolean> {
    try {
      await this.reload();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    return (this.replay.transcript?.number ?? known) !== known;
  }

  private async reload(): Promise<void> {
    this.replay = { ...this.replay, transcript: await getJson<Transcript>(`${page.base}/transcripts/0`) };
    await this.papers();
  }

  private readonly go = (index: number): void => {
    this.place.querySelector<Editor>("hattama-editor")?.goTo(index);
  };

  private draw(): void {
    render(this.view(), this.place);
  }

  private view(): TemplateResult {
    const { replay, player } = this;
    const empty = player.recorded.spans.length === 0;
    const transcripts = this.revisions.filter((one) => one.kind === "transcript");
    return html`<div class="review">
      <div class="stage-area">
        <hattama-screens .player=${player} .gaps=${replay.gaps}></hattama-screens>
        ${empty
          ? html`<p class="alert warn">${t("There is nothing to play yet.")}</p>`
          : html`<div class="card transport"><hattama-transport .player=${player} .stages=${replay.stages}
              .remarks=${replay.remarks} .gaps=${replay.gaps} .takes=${replay.takes}></hattama-transport>${this.live()}</div>`}
      </div>
      <div class="text-area">
        ${this.problem === null ? nothing : html`<div class="alert" role="alert"><strong>${this.problem.message}</strong> ${this.problem.advice}</div>`}
        <hattama-editor .player=${player} .replay=${replay} .roles=${page.roles} .send=${this.send} ?editable=${page.mayEdit}></hattama-editor>
        <p class="hidden" aria-live="polite">${this.said}</p>
      </div>
      <div class="doubts-area"><hattama-doubts .doubts=${this.doubts} .onGo=${this.go}></hattama-doubts></div>
      <div class="sound-area"><hattama-microphones .player=${player} .roles=${page.roles}></hattama-microphones></div>
      <div class="course-area"><hattama-course .player=${player} .replay=${replay} .page=${page}></hattama-course></div>
      <div class="papers-area">
        <hattama-quality .page=${page} .onJudged=${this.made}></hattama-quality>
        <hattama-papers .page=${page} .revisions=${this.revisions} .onMade=${this.made}></hattama-papers>
        <hattama-revisions .player=${player} .revisions=${transcripts} .participants=${replay.participants} .base=${page.base}></hattama-revisions>
        ${help()}
      </div>
    </div>`;
  }

  /** A protocol was made. */
  private readonly made = (): Promise<void> => this.papers().then(() => this.draw());

  private live(): TemplateResult | typeof nothing {
    if (!this.player.live) return nothing;
    const back = (seconds: number): TemplateResult =>
      html`<button class="small" @click=${() => { this.player.seek(this.player.recorded.end_us - seconds * 1e6); this.player.play(); }}>${t("{seconds} s ago", { seconds })}</button>`;
    return html`<div class="live-row"><p class="hint">${t("The hearing is being recorded; listening does not stop it.")}</p>
      <div class="tools" role="group" aria-label=${t("Play what was said")}>${back(10)}${back(30)}${back(60)}</div></div>`;
  }
}

function help(): TemplateResult {
  const keys: readonly (readonly [string, string])[] = [
    [t("Space") + " · K", t("Play or pause")],
    ["J · L", t("10 seconds back or on")],
    ["N", t("Next doubtful passage")],
    ["↑ · ↓", t("In the text: from passage to passage")],
    ["← · →", t("In the text: from word to word; Enter plays")],
    ["E · R", t("In the text: correct words, another speaker")],
    ["M · X · Delete", t("In the text: join with the next, split, nobody said this")],
    ["1 – 9 · 0", t("Hear one microphone alone, or all")],
  ];
  return keysCard(keys);
}

async function start(place: HTMLElement): Promise<void> {
  await new Review(place, await getJson<Replay>(`${page.base}/replay.json`)).start();
}

startIn(root, start);
