/** Two lines above the room: what may be taken back, or waits; and the reminder to announce the recording. */

import { html, nothing, type TemplateResult } from "lit";
import { t } from "../shared/i18n.js";
import type { PageData } from "./context.js";
import type { Phase, View } from "./model.js";

/** The recorder takes a mark back without a reason for ten seconds; the page stops offering it a little earlier. */
export const UNDO_MS = 9500;

export interface Undo {
  line: number;
  title: string;
  /** By `performance.now()`. */
  until: number;
}

/** The last mark, for as long as it may be taken back; and how many marks wait for an answer. */
export function undoBar(undo: Undo | undefined, waiting: number, take: () => void): TemplateResult {
  const offered = undo && performance.now() < undo.until ? undo : undefined;
  // Its place is always there: stage buttons do not move under a hand that is about to press one.
  return html`<div class="undo-bar">
    ${waiting > 0 ? html`<p class="alert warn" role="status">${t("Marks that wait for the recorder: {count}. They keep their time.", { count: waiting })}</p>` : nothing}
    ${offered ? html`<p>${t("Marked: {stage}", { stage: offered.title })} <button type="button" aria-keyshortcuts="F6" @click=${take}>${t("Take back")} <kbd>F6</kbd></button></p>` : nothing}
  </div>`;
}

/** Says to announce the recording (ГПК 189, УПК 350) until the stage is marked. */
export function reminder(phase: Phase, view: View, data: PageData): TemplateResult | typeof nothing {
  const stage = data.stages.find((one) => one.code === "REC_ANNOUNCE");
  if (!stage || phase !== "recording" || view.stages.some((one) => one.code === "REC_ANNOUNCE")) return nothing;
  return html`<p class="alert warn reminder" role="status">${t("Announce that the hearing is recorded on audio and video ({article}), then mark it: {key}.", { article: stage.citation, key: stage.key ?? "" })}</p>`;
}
