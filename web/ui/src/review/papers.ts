/** The protocol: to read, to take along in every form, and to be made again with what only people can say. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { fileAddress } from "../player/model";
import { getJson, postJson, Refused } from "../shared/http";
import { language, t } from "../shared/i18n";
import { AskingElement } from "./asking";
import "./confirmation";
import type { PageData, Revision } from "./model";

interface Point {
  readonly key: string;
  readonly what: string;
  readonly law: string;
  readonly reason: string;
}

@customElement("hattama-papers")
export class Papers extends AskingElement {
  @property({ attribute: false }) page!: PageData;
  @property({ attribute: false }) revisions: readonly Revision[] = [];
  @property({ attribute: false }) onMade: () => Promise<void> = () => Promise.resolve();
  @state() private points: readonly Point[] | null = null;
  @state() private shown = "";
  private known = 0;

  private get newest(): number {
    return Math.max(0, ...this.revisions.filter((one) => one.kind === "brief").map((one) => one.number));
  }

  /** The protocol has no English. */
  private get tongue(): "kk" | "ru" {
    return language() === "kk" ? "kk" : "ru";
  }

  protected override updated(): void {
    if (this.newest === this.known || this.busy) return;
    this.known = this.newest;
    this.shown = "";
    void this.try(async () => {
      const lacking = await getJson<Point[]>(`${this.page.base}/protocol/${this.tongue}/points`);
      this.points = lacking.filter((point) => point.key !== "final"); // its date is that of the confirmation
    });
  }

  protected override render(): TemplateResult {
    const number = this.newest;
    return html`<section class="card papers" aria-labelledby="papers-title">
      <h2 id="papers-title">${t("Brief protocol")}</h2>
      ${this.problem ? html`<p class="alert" role="alert">${this.problem}</p>` : nothing}
      ${number === 0 ? html`<p class="hint">${t("There is no brief protocol of this hearing yet.")}</p>` : this.files(number)}
      ${this.missing()}
      ${this.confirmation()}
      ${this.page.mayEdit
        ? html`<button id="make" ?disabled=${this.busy} @click=${this.make}>${this.busy ? t("One moment…") : number === 0 ? t("Make the protocol") : t("Make the protocol again")}</button>`
        : nothing}
      ${this.shown ? html`<div class="brief-page" tabindex="0" role="region" aria-label=${t("Protocol, draft")}></div>` : nothing}
    </section>`;
  }

  private files(number: number): TemplateResult {
    const stored = this.revisions.filter((one) => one.number === number && (one.kind === "brief" || one.kind === "brief_pdf"));
    const made = (tongue: "kk" | "ru", form: string): string => `${this.page.base}/protocol/${tongue}/${form}`;
    const row = (tongue: "kk" | "ru", title: string): TemplateResult => html`<p class="files"><strong>${title}</strong>
      <button class="small" ?disabled=${this.busy} aria-expanded=${this.shown === tongue} @click=${() => this.read(tongue)}>${t("Read here")}</button>
      ${stored.filter((one) => one.path.endsWith(`.${tongue}.pdf`)).map((one) => html`<a href=${fileAddress(this.page.base, one.path)} download>PDF</a>`)}
      ${["docx", "html", "csv"].map((form) => html`<a href=${made(tongue, form)} download>${form.toUpperCase()}</a>`)}</p>`;
    return html`<p class="hint">${t("version {number}", { number })}</p>
      ${row("kk", t("In Kazakh"))} ${row("ru", t("In Russian"))}
      ${stored.filter((one) => one.kind === "brief").map((one) => html`<p class="files"><a href=${fileAddress(this.page.base, one.path)} download>JSON</a></p>`)}`;
  }

  private missing(): TemplateResult | typeof nothing {
    if (this.points === null || this.newest === 0) return nothing;
    if (this.points.length === 0) return html`<p><span class="chip good">${t("Nothing that the law requires is missing")}</span></p>`;
    return html`<h3>${t("The law requires, and the record does not give")}</h3>
      <ul class="points">${this.points.map((point) => html`<li><label for=${`why-${point.key}`}>${point.what} <span class="hint">${point.law}</span></label>
        <input id=${`why-${point.key}`} data-key=${point.key} maxlength="500" .value=${point.reason} ?disabled=${!this.page.mayEdit} placeholder=${t("Why it is missing")}></li>`)}</ul>`;
  }

  private confirmation(): TemplateResult | typeof nothing {
    const brief = this.revisions.find((one) => one.kind === "brief" && one.number === this.newest);
    if (brief === undefined) return nothing;
    return html`<hattama-confirmation .page=${this.page} .brief=${brief} .onConfirmed=${this.onMade}
      .lacks=${(this.points ?? []).some((point) => point.reason === "")}></hattama-confirmation>`;
  }

  private readonly make = (): void => void this.try(async () => {
    const reasons: Record<string, string> = {};
    for (const box of this.querySelectorAll<HTMLInputElement>("input[data-key]")) {
      const why = box.value.trim();
      if (why !== "") reasons[box.dataset["key"] ?? ""] = why;
    }
    await postJson(`${this.page.base}/draft`, { reasons });
    await this.onMade(); // busy until the new one is shown: what was opened to read before would be closed again
  });

  /** The document's own page, without its styles: the policy of this page takes none from elsewhere. */
  private readonly read = (tongue: "kk" | "ru"): void => void this.try(async () => {
    if (this.shown === tongue) {
      this.shown = "";
      return;
    }
    const answer = await fetch(`${this.page.base}/protocol/${tongue}/html`, { credentials: "same-origin" });
    if (!answer.ok) throw new Refused(answer.status, "no-file", t("The protocol could not be loaded."), t("Reload the page."));
    // Taken out before it is parsed: the policy is asked at parsing. Values are escaped, so no quote of theirs ends an attribute.
    const plain = (await answer.text()).replace(/<style[\s\S]*?<\/style>/g, "").replace(/ style="[^"]*"/g, "");
    const page = new DOMParser().parseFromString(plain, "text/html");
    for (const one of page.querySelectorAll("script, link, meta")) one.remove();
    this.shown = tongue;
    await this.updateComplete;
    const place = this.querySelector(".brief-page");
    place?.setAttribute("lang", tongue);
    place?.replaceChildren(...page.body.childNodes);
  });
}
