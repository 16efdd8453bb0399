/** `<ht-check>`: a real check of the room without leaving the page: is it ready, and if not, what to do. */

import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Refused, postJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";

interface Problem {
  source: string | null;
  message: string;
  advice: string;
}
interface Result {
  ready: boolean;
  sources: { name: string; label: string; ready: boolean }[];
  problems: Problem[];
}

@customElement("ht-check")
export class Check extends LitElement {
  @state() private busy = false;
  @state() private result: Result | undefined;
  @state() private problem: { message: string; advice: string } | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  async #check(): Promise<void> {
    this.busy = true;
    this.problem = undefined;
    try {
      this.result = (await postJson("/api/check")) as Result;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem = { message: error.message, advice: error.advice };
    } finally {
      this.busy = false;
    }
  }

  protected override render(): TemplateResult {
    const { result } = this;
    return html`
      <p class="hint">${t("Records 10 seconds through every camera and microphone, reads them back and verifies them. Takes about half a minute.")}</p>
      <button type="button" ?disabled=${this.busy} @click=${() => void this.#check()}>${this.busy ? t("One moment…") : t("Check cameras and microphones")}</button>
      <div aria-live="polite">
        ${this.problem ? html`<p class="alert"><strong>${this.problem.message}</strong> ${this.problem.advice}</p>` : nothing}
        ${result
          ? html`<p class="check-verdict"><span class="chip ${result.ready ? "good" : "bad"}">${result.ready ? t("The room is ready") : t("The room is not ready")}</span></p>
              ${result.problems.map((one) => html`<p class="check-problem"><strong>${this.#place(one)}${one.message}</strong> ${one.advice}</p>`)}`
          : nothing}
      </div>
    `;
  }

  #place(problem: Problem): string {
    const source = this.result?.sources.find((one) => one.name === problem.source);
    return source ? `${source.label || source.name}: ` : "";
  }
}
