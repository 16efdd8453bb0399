/** Remarks on the protocol, their review, and who has read it; what speaks of a part in camera only as far as it is open to the reader. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import { PageElement } from "../player/base";
import { mediaAddress, type Attachment, type PageData, type ProtocolRemark, type Replay } from "../player/model";
import type { Player } from "../player/player";
import { clockTime, courtDate } from "../player/time";
import { t } from "../shared/i18n";

@customElement("hattama-protocol-remarks")
export class ProtocolRemarks extends PageElement {
  @property({ attribute: false }) replay!: Replay;
  @property({ attribute: false }) page!: PageData;
  @property({ attribute: false }) player!: Player;

  protected override render(): TemplateResult {
    const entries = this.replay.protocol_remarks ?? [];
    const filed = new Set(entries.filter(({ kind }) => kind === "filed").map(({ path }) => path));
    const shown = entries.filter(({ kind, of }) => kind !== "reviewed" || !filed.has(of));
    return html`<section class="card protocol-remarks" id="remarks" aria-labelledby="remarks-title">
      <h2 id="remarks-title">${t("Remarks on the protocol")}</h2>
      ${entries.length === 0 ? html`<p class="hint">${t("No remarks were filed.")}</p>` : nothing}
      ${shown.map((entry) => html`<article data-path=${entry.path}>
        <h3>№ ${entry.number} <span>${titleOf(entry)}</span></h3>
        ${this.said(entry)}
        ${entry.kind === "filed" ? this.reviews(entries.filter(({ kind, of }) => kind === "reviewed" && of === entry.path)) : nothing}
      </article>`)}
    </section>`;
  }

  private reviews(reviews: readonly ProtocolRemark[]): TemplateResult {
    if (reviews.length === 0) return html`<p><span class="chip warn">${t("Not reviewed yet")}</span></p>`;
    return html`${reviews.map((entry) => html`<div class="review" data-path=${entry.path}>
      <p><strong>${titleOf(entry)}</strong> <span class="chip ${entry.decision === "certified" ? "good" : "warn"}">${decisionOf(entry)}</span></p>
      ${this.said(entry)}</div>`)}`;
  }

  private said(entry: ProtocolRemark): TemplateResult {
    if (entry.kind === null) return html`<p class="alert">${t("This entry has not come yet or cannot be read. Verify the record.")}</p>`;
    const { person, role } = entry;
    const who = [person, this.page.roles[role] ?? ""].filter(Boolean).join(", ");
    return html`
      <p class="hint">${who ? html`${who}, ` : nothing}<span>${courtDate(entry.at_us)}, ${clockTime(entry.at_us).slice(0, 5)}</span></p>
      ${entry.closed ? html`<p><span class="chip warn">${t("In camera")}</span> ${entry.readable ? nothing : this.shut()}</p>` : nothing}
      ${entry.text ? html`<blockquote>${entry.text}</blockquote>` : nothing}
      ${entry.moments.length > 0
        ? html`<p>${t("In the recording:")} ${entry.moments.map((at) => html`<button class="small" data-us=${at} @click=${() => this.player.seek(at)}>${clockTime(at)}</button> `)}</p>`
        : nothing}
      ${entry.attachments.map((file) => this.file(file))}`;
  }

  /** Why the words of an entry are not here, and how they can be. */
  private shut(): TemplateResult {
    if (this.page.closed === "forbidden") return html`<span>${t("Its words are shown to judges only.")}</span>`;
    return this.page.closed === "shut"
      ? html`<a href="#purpose">${t("Encrypted: say for what you need it, then its words are shown here.")}</a>`
      : html`<span>${t("Its words have not come yet or cannot be opened.")}</span>`;
  }

  private file({ name, path, bytes }: Attachment): TemplateResult {
    const size = t("{size} KB", { size: Math.max(1, Math.round(bytes / 1024)) });
    return html`<p><a href=${mediaAddress(this.page.base, path)} download=${name}>${name}</a> <span class="hint">${size}</span></p>`;
  }
}

function titleOf({ kind }: ProtocolRemark): string {
  if (kind === "filed") return t("Remarks filed");
  if (kind === "reviewed") return t("Decision on the remarks");
  return kind === "familiarised" ? t("Has read the protocol") : "";
}

function decisionOf({ decision }: ProtocolRemark): string {
  if (decision === "certified") return t("Certified as right");
  return decision === "partly" ? t("Rejected in part") : t("Rejected");
}
