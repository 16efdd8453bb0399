/** `<ht-upload>`: a list chosen or dropped here goes to the box as it is; its report is the next page. */

import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { Refused, postFile } from "../shared/http.js";
import { t } from "../shared/i18n.js";

@customElement("ht-upload")
export class Upload extends LitElement {
  @state() private busy = false;
  @state() private problem: { message: string; advice: string } | undefined;
  @query("input") private box!: HTMLInputElement;
  @query("select") private encoding!: HTMLSelectElement;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  async #send(event: Event): Promise<void> {
    event.preventDefault();
    const file = this.box.files?.[0];
    if (!file || this.busy) return;
    this.busy = true;
    this.problem = undefined;
    try {
      const named = this.encoding.value ? `?encoding=${this.encoding.value}` : "";
      const report = (await postFile(`/api/lists${named}`, file)) as { number: number };
      location.assign(`/lists/${report.number}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem = { message: error.message, advice: error.advice };
    } finally {
      this.busy = false;
    }
  }

  protected override render(): TemplateResult {
    return html`
      <form class="upload" @submit=${(event: Event) => void this.#send(event)}>
        ${this.problem ? html`<p class="alert" role="alert"><strong>${this.problem.message}</strong> ${this.problem.advice}</p>` : nothing}
        <label class="field">${t("File")}<input type="file" required accept=".csv,.json,.tsv,.txt,text/csv,application/json"></label>
        <label class="field">${t("Encoding")}<select>
          <option value="">${t("As the file says (UTF-8, UTF-16)")}</option>
          <option value="windows-1251">${t("Windows-1251: has no Kazakh letters")}</option>
        </select></label>
        <button class="primary" ?disabled=${this.busy}>${this.busy ? t("One moment…") : t("Import")}</button>
      </form>
    `;
  }
}
