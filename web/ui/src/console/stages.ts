/** The stage buttons: one for each stage of the case's code, with its key and its article. */

import { html, nothing, type TemplateResult } from "lit";
import { timeOfDay } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import type { StageKind } from "./context.js";
import type { Stage } from "./model.js";

export interface StagesPanel {
  stages: StageKind[];
  marked: Stage[];
  enabled: boolean;
  keys: boolean;
  onMark: (stage: StageKind) => void;
  onKeys: (on: boolean) => void;
}

export function stagesPanel(panel: StagesPanel): TemplateResult {
  return html`
    <section class="card stages" aria-labelledby="stages-title">
      <div class="panel-head">
        <h2 id="stages-title">${t("Stages")}</h2>
        <label class="switch"><input type="checkbox" .checked=${panel.keys} @change=${(event: Event) => panel.onKeys((event.target as HTMLInputElement).checked)}> ${t("Mark with one key")}</label>
      </div>
      <div class="stage-grid">${panel.stages.map((stage) => button(stage, panel))}</div>
    </section>
  `;
}

function button(stage: StageKind, panel: StagesPanel): TemplateResult {
  const marks = panel.marked.filter((one) => one.code === stage.code);
  const last = marks.at(-1);
  return html`
    <button class="stage ${last ? "marked" : ""}" data-stage=${stage.code} ?disabled=${!panel.enabled} title=${stage.citation}
      aria-keyshortcuts=${stage.key && panel.keys ? stage.key : nothing} @click=${() => panel.onMark(stage)}>
      <span class="stage-key">${stage.key ? html`<kbd>${stage.key}</kbd>` : nothing}</span>
      <span class="stage-title">${stage.title}</span>
      <span class="stage-mark">${last ? html`<span aria-hidden="true">✓</span> ${timeOfDay(last.at_us).slice(0, 5)}${marks.length > 1 ? html` <b>×${marks.length}</b>` : nothing}` : nothing}</span>
    </button>
  `;
}
