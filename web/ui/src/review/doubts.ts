/** What a person should listen to first: passages by doubt. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import { PageElement } from "../player/base";
import { clockTime } from "../player/time";
import { t } from "../shared/i18n";
import type { Doubt } from "./model";

/** So many stand in the list; the key goes on through all of them. */
const SHOWN = 10;

@customElement("hattama-doubts")
export class Doubts extends PageElement {
  @property({ attribute: false }) doubts: readonly Doubt[] = [];
  @property({ attribute: false }) onGo!: (index: number) => void;
  /** Places that were looked at since the text was loaded. */
  private readonly seen = new Set<number>();

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has("doubts")) this.seen.clear();
  }

  /** To the most doubtful passage that was not looked at yet. */
  next(): void {
    const found = this.doubts.find((doubt) => !this.seen.has(doubt.index));
    if (found !== undefined) this.go(found);
  }

  private go(doubt: Doubt): void {
    this.seen.add(doubt.index);
    this.onGo(doubt.index);
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const left = this.doubts.filter((doubt) => !this.seen.has(doubt.index)).length;
    return html`<section class="card doubts" aria-labelledby="doubts-title">
      <div class="section-head"><h2 id="doubts-title">${t("Check first")}</h2>
        <button class="small" ?disabled=${left === 0} aria-keyshortcuts="N" @click=${() => this.next()}>${t("Next doubtful passage")} <kbd>N</kbd></button></div>
      ${this.doubts.length === 0
        ? html`<p class="hint">${t("No passage has a measure of doubt, or all of them were corrected.")}</p>`
        : html`<p class="hint" role="status">${t("{left} of {all} not looked at yet", { left, all: this.doubts.length })}</p>`}
      <ol>${this.doubts.slice(0, SHOWN).map((doubt) => html`<li class=${this.seen.has(doubt.index) ? "seen" : ""}>
        <button @click=${() => this.go(doubt)}><time>${clockTime(doubt.start_us)}</time>
          <span>${doubt.text}<small>${t("doubtful, {percent} %", { percent: Math.round(doubt.doubt_pm / 10) })}${this.seen.has(doubt.index) ? html` · ${t("looked at")}` : nothing}</small></span></button></li>`)}</ol>
    </section>`;
  }
}
