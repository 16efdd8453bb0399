/** The appellate judge's replay page: text is the way in, sound is the proof. */
import "../player/player.css";
import "./replay.css";
import "../player/course";
import "./documents";
import "../player/microphones";
import "../player/screens";
import "../player/transcript";
import "../player/transport";
import "./remarks";
import "./verification";

import { html, render, type TemplateResult } from "lit";

import { t } from "../shared/i18n";
import type { Bytes } from "../verify/bytes";
import { listen } from "../player/keyboard";
import { mediaAddress, type PageData, type Replay } from "../player/model";
import { keysCard, startIn } from "../player/page";
import { Player } from "../player/player";

const root = document.getElementById("replay");
const page = JSON.parse(document.getElementById("page")?.textContent ?? "{}") as PageData;

async function fetchBytes(path: string, signal: AbortSignal): Promise<Bytes> {
  const response = await fetch(mediaAddress(page.base, path), { signal, credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

function view(replay: Replay, player: Player): TemplateResult {
  const silent = player.recorded.spans.length === 0 ? t("There is nothing to play yet.") : player.isShut ? shutText() : "";
  return html`<div class="replay">
    <div class="stage-area">
      <hattama-screens .player=${player} .gaps=${replay.gaps} .shut=${shutText()}></hattama-screens>
      ${silent
        ? html`<p class="alert">${silent}</p>`
        : html`<div class="card transport"><hattama-transport .player=${player} .stages=${replay.stages}
            .remarks=${replay.remarks} .gaps=${replay.gaps} .takes=${replay.takes}></hattama-transport></div>`}
    </div>
    <div class="text-area"><hattama-transcript .player=${player} .replay=${replay}></hattama-transcript></div>
    <div class="course-area"><hattama-course .player=${player} .replay=${replay} .page=${page}></hattama-course></div>
    <div class="sound-area"><hattama-microphones .player=${player} .roles=${page.roles}></hattama-microphones></div>
    <div class="trust-area"><hattama-verification .replay=${replay} .page=${page}></hattama-verification></div>
    <div class="papers-area"><hattama-documents .replay=${replay} .page=${page}></hattama-documents>${help()}
      <hattama-protocol-remarks .player=${player} .replay=${replay} .page=${page}></hattama-protocol-remarks></div>
  </div>`;
}

/** Why a part in camera is neither shown nor heard. */
function shutText(): string {
  if (page.closed === "forbidden") return t("In camera: shown to judges only.");
  return page.closed === "shut"
    ? t("In camera: encrypted until you say, at the top of this page, for what you need it.")
    : t("In camera: it has not come yet or cannot be opened.");
}

function help(): TemplateResult {
  const keys: readonly (readonly [string, string])[] = [
    [t("Space") + " · K", t("Play or pause")],
    ["J · L", t("10 seconds back or on")],
    ["← · →", t("5 seconds back or on")],
    [", · .", t("Slower or faster")],
    ["1 – 9 · 0", t("Hear one microphone alone, or all")],
  ];
  return keysCard(keys);
}

async function start(place: HTMLElement): Promise<void> {
  const response = await fetch(`${page.base}/replay.json`, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const replay = (await response.json()) as Replay;
  const player = new Player(replay, fetchBytes);
  listen(player);
  const wanted = Number(new URLSearchParams(location.search).get("at")); // UTC µs: where the search found something
  if (Number.isSafeInteger(wanted) && wanted > 0) player.seek(wanted);
  place.textContent = "";
  render(view(replay, player), place);
}

startIn(root, start);
