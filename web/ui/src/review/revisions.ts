/** Who changed the text and when; two revisions compared. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { PlayerElement } from "../player/base";
import type { Participant } from "../player/model";
import { clockTime, courtDate } from "../player/time";
import { getJson, Refused } from "../shared/http";
import { t } from "../shared/i18n";
import type { Change, Revision } from "./model";

@customElement("hattama-revisions")
export class Revisions extends PlayerElement {
  @property({ attribute: false }) revisions: readonly Revision[] = [];
  @property({ attribute: false }) participants: readonly Participant[] = [];
  @property({ attribute: false }) base = "";
  @state() private found: readonly Change[] | null = null;
  @state() private trouble = "";

  protected override changed(): void {}
  protected override moved(): void {}

  protected override render(): TemplateResult {
    const newest = this.revisions.at(-1)?.number ?? 0;
    return html`<section class="card revisions" aria-labelledby="revisions-title">
      <h2 id="revisions-title">${t("Revisions of the transcript")}</h2>
      ${this.revisions.length === 0 ? html`<p class="hint">${t("There is no transcript of this hearing yet.")}</p>` : nothing}
      <ol reversed>${[...this.revisions].reverse().map((one) => html`<li><strong>${t("Revision {number}", { number: one.number })}</strong>
        <span class="hint">${one.by}${one.at ? html` · ${when(one.at)}` : nothing}</span></li>`)}</ol>
      ${this.revisions.length < 2 ? nothing : html`<form class="compare" @submit=${this.compare}>
        <label>${t("Compare")}<select name="old">${this.options(newest - 1)}</select></label>
        <label>${t("with")}<select name="new">${this.options(newest)}</select></label>
        <button class="small">${t("Show what differs")}</button></form>`}
      ${this.trouble ? html`<p class="alert" role="alert">${this.trouble}</p>` : nothing}
      ${this.found === null ? nothing : this.changes(this.found)}
    </section>`;
  }

  private options(chosen: number): TemplateResult[] {
    return this.revisions.map(({ number }) => html`<option value=${number} ?selected=${number === chosen}>${number}</option>`);
  }

  private changes(found: readonly Change[]): TemplateResult {
    return html`<div role="status">${found.length === 0 ? html`<p class="hint">${t("They say the same.")}</p>` : nothing}
      <ul class="changes">${found.map((one) => html`<li>
        <button class="quiet" @click=${() => this.player.seek(one.start_us)}>${clockTime(one.start_us)}</button>
        <span>${one.kind === "speaker" ? t("Speaker:") : nothing} ${one.before ? html`<del>${this.name(one, one.before)}</del>` : nothing} ${one.after ? html`<ins>${this.name(one, one.after)}</ins>` : nothing}</span></li>`)}</ul></div>`;
  }

  private name(change: Change, text: string): string {
    return change.kind === "words" ? text : (this.participants.find((one) => one.id === text)?.name ?? text);
  }

  private readonly compare = async (event: Event): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    this.trouble = "";
    try {
      this.found = await getJson<Change[]>(`${this.base}/transcripts/${Number(form.get("old"))}/changes/${Number(form.get("new"))}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.found = null;
      this.trouble = `${error.message} ${error.advice}`;
    }
  };
}

function when(at: string): string {
  const us = Date.parse(at) * 1000;
  return `${courtDate(us)}, ${clockTime(us)}`;
}
