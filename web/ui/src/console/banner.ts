/** The state, to be read from across the room: a word, a shape and a colour, and how long. */

import { html, nothing, svg, type TemplateResult } from "lit";
import { span } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import type { Live } from "./live.js";
import { partly, recordedUs, type Phase } from "./model.js";

interface Saying {
  word: string;
  says: string;
  shape: TemplateResult;
}

const SHAPES = {
  dot: svg`<circle cx="12" cy="12" r="9"/>`,
  bars: svg`<path d="M6 4h4v16H6zM14 4h4v16h-4z"/>`,
  ring: svg`<circle cx="12" cy="12" r="8" fill="none" stroke="currentColor" stroke-width="3"/>`,
  warning: svg`<path d="M12 2 1 21h22zM11 9h2v6h-2zm0 8h2v2h-2z" fill-rule="evenodd"/>`,
  check: svg`<path d="m3 12 6 6L21 5" fill="none" stroke="currentColor" stroke-width="3.4"/>`,
  question: svg`<path d="M8 8a4 4 0 1 1 5.5 3.7c-1 .5-1.5 1-1.5 2.3M12 18v2" fill="none" stroke="currentColor" stroke-width="2.6"/>`,
};

function saying(phase: Phase, live: Live, stateWord: string): Saying {
  switch (phase) {
    case "recording":
      return { word: t("Recording"), says: t("Every microphone is being written to the disk."), shape: SHAPES.dot };
    case "not-recording":
      if (partly(live.status)) {
        return { word: t("RECORDING INCOMPLETE"), says: t("Not every microphone is being written to the disk; what else works is recorded. Look below at what to do, and keep a written protocol."), shape: SHAPES.warning };
      }
      return { word: t("NOT RECORDING"), says: t("The hearing is running, but nothing reaches the disk. Stop the hearing or keep a written protocol."), shape: SHAPES.warning };
    case "faulty":
      return { word: t("Recording fault"), says: t("Recording broke off. Look below at what to do; keep a written protocol."), shape: SHAPES.warning };
    case "paused":
      return { word: t("Paused"), says: t("Nothing is being recorded."), shape: SHAPES.bars };
    case "planned":
      return { word: t("Not started"), says: t("Check that every device below is ready, then start."), shape: SHAPES.ring };
    case "unknown":
      return {
        word: t("State unknown"),
        says: live.gone ? `${live.gone.message} ${live.gone.advice}` : t("No word from the recorder. Trying again."),
        shape: SHAPES.question,
      };
    case "over":
      return { word: stateWord, says: t("The recording is closed."), shape: SHAPES.check };
  }
}

/** The banner; `actions` are the buttons that belong to the phase. */
export function banner(phase: Phase, live: Live, stateWord: string, actions: TemplateResult | typeof nothing): TemplateResult {
  const { word, says, shape } = saying(phase, live, stateWord);
  const recorded = recordedUs(live.view.takes, live.provenUs);
  const alarm = phase === "not-recording" || phase === "faulty" || phase === "unknown";
  return html`
    <section class="state ${phase}" aria-label=${t("State of the recording")}>
      <svg class="state-shape" viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">${shape}</svg>
      <div class="state-text">
        <p class="state-word" role=${alarm ? "alert" : "status"}>${word}</p>
        <p class="state-says">${says}</p>
      </div>
      ${recorded > 0 || phase !== "planned"
        ? html`<p class="state-time"><span class="state-clock">${span(recorded)}</span><span class="state-label">${t("recorded")}</span></p>`
        : nothing}
      <div class="state-actions">${actions}</div>
    </section>
  `;
}
