/** The panel of live words: a draft, marked as one, with who speaks and how late it is. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { timeOfDay } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { personName, type PageData } from "./context.js";
import type { View } from "./model.js";
import { LATE_S, behindS, shown, type LivePassage, type Words } from "./words.js";

/** Newest first, as the course of the hearing is. */
export function wordsPanel(data: PageData, view: View, words: Words, running: boolean): TemplateResult {
  const passages = shown(words);
  const behind = behindS(words, performance.now());
  return html`
    <section class="card words" aria-labelledby="words-title">
      <div class="panel-head">
        <h2 id="words-title">${t("Words, draft by machine")}</h2>
        ${running ? html`<span class="words-behind ${behind > LATE_S ? "late" : ""}" data-behind=${behind}>${t("{seconds} s behind the voice", { seconds: behind })}</span>` : nothing}
      </div>
      <p class="hint">${t("Words may still change, and are not kept: the transcript is made anew after the end.")}</p>
      ${running && behind > LATE_S ? html`<p class="hint">${t("Only the words are late. The recording is not.")}</p>` : nothing}
      ${passages.some((passage) => passage.demonstration) ? html`<p class="alert warn">${t("A demonstration model wrote this text. It is not fit for court.")}</p>` : nothing}
      ${passages.length === 0
        ? html`<p class="empty">${t("Nobody has spoken yet.")}</p>`
        : html`<ol class="entries" tabindex="0" aria-labelledby="words-title">${repeat(passages, (passage) => passage.id, (passage) => row(data, view, passage))}</ol>`}
    </section>
  `;
}

function row(data: PageData, view: View, passage: LivePassage): TemplateResult {
  const person = view.participants.find((one) => one.id === passage.speaker);
  const seat = view.seats.find((one) => one.source === passage.source);
  const name = person ? personName(data, person) : seat?.label || passage.source;
  return html`<li class="entry ${passage.settled ? "" : "open"} ${passage.kind}" data-passage=${passage.id}>
    <time>${timeOfDay(passage.start_us)}</time>
    <span class="entry-text"><strong>${name}</strong><span>${says(passage)}</span></span>
  </li>`;
}

function says(passage: LivePassage): string {
  if (passage.kind === "skipped") return t("Not written here, the draft was too late. The recording has it.");
  if (passage.kind === "missing_model") return t("There is no speech model for this language.");
  return passage.settled ? passage.text : `${passage.text} …`;
}
