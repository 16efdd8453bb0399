/** The brief protocol and the record's logs, to take along. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import { t } from "../shared/i18n";
import { PageElement } from "../player/base";
import { fileAddress, type Document, type PageData, type Replay } from "../player/model";

@customElement("hattama-documents")
export class Documents extends PageElement {
  @property({ attribute: false }) replay!: Replay;
  @property({ attribute: false }) page!: PageData;

  protected override render(): TemplateResult {
    const newest = Math.max(0, ...this.replay.documents.map(({ number }) => number));
    const documents = [...this.replay.documents].sort((a, b) => b.number - a.number || a.path.localeCompare(b.path));
    return html`<section class="card documents" aria-labelledby="documents-title">
      <h2 id="documents-title">${t("Brief protocol")}</h2>
      ${documents.length === 0 ? html`<p class="hint">${t("There is no brief protocol of this hearing yet.")}</p>` : nothing}
      <ul>${documents.map((document) => this.row(document, document.number === newest))}</ul>
    </section>`;
  }

  private row(document: Document, newest: boolean): TemplateResult {
    const size = t("{size} KB", { size: Math.max(1, Math.round(document.bytes / 1024)) });
    return html`<li><a href=${fileAddress(this.page.base, document.path)} download>${nameOf(document.path)}</a>
      <span class="hint">${t("version {number}", { number: document.number })} · ${size}${newest ? nothing : html` · ${t("replaced by a later version")}`}</span></li>`;
  }
}

function nameOf(path: string): string {
  if (path.endsWith(".kk.pdf")) return t("In Kazakh (PDF)");
  if (path.endsWith(".ru.pdf")) return t("In Russian (PDF)");
  if (path.endsWith(".json")) return t("As data (JSON)");
  return path.slice(path.lastIndexOf("/") + 1);
}
