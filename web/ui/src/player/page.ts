/** What the pages with a player have in common: the list of their keys, and what stands there when the hearing does not come. */
import { html, nothing, render, type TemplateResult } from "lit";

import { t } from "../shared/i18n";
import { keysAreOn, switchKeys } from "./keyboard";

/** A page's keys, each with what it does, and the switch that turns them off. */
export function keysCard(keys: readonly (readonly [string, string])[]): TemplateResult {
  return html`<details class="card keys"><summary>${t("Keyboard")}</summary>
    <label class="check"><input type="checkbox" .checked=${keysAreOn()}
      @change=${(event: Event) => switchKeys((event.target as HTMLInputElement).checked)}>${t("These keys work everywhere on the page")}</label>
    <dl>${keys.map(([key, text]) => html`<div><dt>${key.split(" · ").map((one, i) => html`${i > 0 ? " " : nothing}<kbd>${one}</kbd>`)}</dt><dd>${text}</dd></div>`)}</dl>
  </details>`;
}

/** Start a page in its place; if that fails, say so there. */
export function startIn(root: HTMLElement | null, start: (place: HTMLElement) => Promise<void>): void {
  if (root === null) return;
  start(root).catch((error: unknown) => {
    console.error(error);
    const reason = error instanceof Error ? error.message : String(error);
    render(html`<p class="alert" role="alert">${t("The hearing could not be loaded: {reason}", { reason })}</p>`, root);
  });
}
