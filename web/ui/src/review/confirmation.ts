/** Section by section, a person confirms what a program drew up; then it can be signed (УПК 83; КоАП 759-1). */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { courtDate, clockTime } from "../player/time";
import { getJson, postJson } from "../shared/http";
import { t } from "../shared/i18n";
import { AskingElement } from "./asking";
import type { PageData, Revision } from "./model";

/** When titles that did not come are asked for again. */
const AGAIN_MS = 5_000;

@customElement("hattama-confirmation")
export class Confirmation extends AskingElement {
  @property({ attribute: false }) page!: PageData;
  /** The newest protocol. */
  @property({ attribute: false }) brief!: Revision;
  /** Whether the law requires something that the draft does not give, without a reason. */
  @property({ attribute: false }) lacks = false;
  @property({ attribute: false }) onConfirmed: () => Promise<void> = () => Promise.resolve();
  @state() private sections: readonly string[] = [];
  @state() private read: ReadonlySet<number> = new Set();
  private known = 0;

  protected override updated(): void {
    if (this.brief.of !== "" || this.brief.number === this.known || this.busy || !this.page.mayEdit) return;
    const number = this.brief.number;
    this.known = number;
    this.read = new Set();
    this.sections = [];
    void this.try(async () => {
      try {
        this.sections = await getJson<string[]>(`${this.page.base}/protocol/${this.page.tongue}/sections`);
      } catch (error) {
        setTimeout(() => { if (this.known === number) this.known = 0; this.requestUpdate(); }, AGAIN_MS);
        throw error;
      }
    });
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.brief.of !== "") return this.done();
    if (!this.page.mayEdit || (this.sections.length === 0 && !this.problem)) return nothing;
    const all = this.sections.length > 0 && this.read.size === this.sections.length;
    return html`${this.problem ? html`<p class="alert" role="alert">${this.problem}</p>` : nothing}
      <fieldset class="confirmation" aria-describedby="confirmation-hint">
        <legend>${t("Confirm each section")}</legend>
        <p class="hint" id="confirmation-hint">${t("A program drew this up. Read each section and confirm it: only then can it be signed.")}</p>
        ${this.sections.map((title, index) => html`<label class="check"><input type="checkbox" data-section=${index} ?disabled=${this.busy}
          .checked=${this.read.has(index)} @change=${(event: Event) => this.mark(index, (event.target as HTMLInputElement).checked)}>
          <span lang=${this.page.tongue}>${title}</span></label>`)}
      </fieldset>
      ${this.lacks ? html`<p class="hint">${t("First write why each point is missing, and make the protocol again.")}</p>` : nothing}
      <button id="confirm" class="primary" ?disabled=${!all || this.busy || this.lacks} @click=${this.confirm}>${this.busy ? t("One moment…") : t("Confirm the protocol")}</button>`;
  }

  private done(): TemplateResult {
    const at = Date.parse(this.brief.at) * 1000;
    return html`<p><span class="chip good">${t("Confirmed")}</span> ${this.brief.by}${Number.isNaN(at) ? nothing : html`, ${courtDate(at)} ${clockTime(at)}`}</p>
      <p><a href=${`${this.page.desk}/signing`}>${t("To the signing")}</a></p>`;
  }

  private mark(index: number, read: boolean): void {
    const now = new Set(this.read);
    if (read) now.add(index);
    else now.delete(index);
    this.read = now;
  }

  private readonly confirm = (): void => void this.try(async () => {
    await postJson(`${this.page.base}/confirmation`, { number: this.brief.number, sections: this.sections });
    await this.onConfirmed();
  });
}
