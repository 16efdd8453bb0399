/**
 * The text, to be corrected: words, speakers, passages. Each act is sent at once and becomes a revision with its author; words that
 * stay keep their times. What two people change at the same time is never written over: the second is told, and keeps what was typed.
 */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import type { Passage } from "../player/model";
import { Transcript } from "../player/transcript";
import { t } from "../shared/i18n";
import type { Edit, Where } from "./model";

/** From this doubt on a passage is named doubtful beside its speaker, per mille. */
const DOUBTFUL_PM = 300;

/** Sends an edit; what it was refused with, or null when it is a revision. */
export type Send = (edit: Edit) => Promise<"done" | "conflict" | "refused">;

@customElement("hattama-editor")
export class Editor extends Transcript {
  @property({ attribute: false }) send!: Send;
  @property({ attribute: false }) roles: Readonly<Record<string, string>> = {};
  @property({ type: Boolean }) editable = false;
  /** Passage whose words are being typed, and what stands in its box. */
  private typing: { where: Where; text: string; others: string | null } | null = null;
  private asking: Where | null = null;
  private busy = false;

  protected override mark(passage: Passage): unknown {
    const doubt = passage.doubt_pm ?? 0;
    const edited = passage.words.some((word) => word.edited_by !== null);
    return html`${doubt >= DOUBTFUL_PM ? html` <span class="chip warn">${t("doubtful, {percent} %", { percent: Math.round(doubt / 10) })}</span>` : nothing}
      ${edited ? html` <span class="chip">${t("corrected")}</span>` : nothing}`;
  }

  protected override choose(index: number): void {
    super.choose(index);
    this.requestUpdate();
  }

  protected override tools(passage: Passage, index: number): unknown {
    if (!this.editable || passage.kind === "gap") return nothing;
    if (this.typing !== null && same(this.typing.where, this.where(index))) return this.box(this.typing);
    if (this.asking !== null && same(this.asking, this.where(index))) return this.speakers(passage, index);
    if (index !== this.cursor) return nothing;
    const speech = passage.kind === "speech";
    const tool = (key: string, text: string, act: () => void, ready = true): TemplateResult =>
      html`<button class="small" ?disabled=${this.busy || !ready} aria-keyshortcuts=${key} @click=${act}>${text} <kbd>${key}</kbd></button>`;
    return html`<div class="tools" role="group" aria-label=${t("Correct this passage")}>
      ${tool("E", speech ? t("Correct words") : t("Type the words"), () => this.type(index))}
      ${tool("R", t("Another speaker"), () => this.ask(index))}
      ${tool("M", t("Join with the next"), () => this.merge(index), this.next(index) !== null && speech)}
      ${tool("X", t("Split before the word"), () => this.split(index, null), speech && passage.words.length > 1)}
      ${tool("Delete", t("Nobody said this"), () => this.erase(index), speech)}
    </div>`;
  }

  private box(typing: { text: string; others: string | null }): TemplateResult {
    return html`<div class="typing">
      ${typing.others === null ? nothing : html`<p class="alert warn" role="alert">${t("Another person changed this passage meanwhile; above stands what it says now. Your words are kept in the box: look again, then save.")}</p>`}
      <textarea rows="3" maxlength="20000" aria-label=${t("Words of this passage")} .value=${typing.text}
        @input=${(event: Event) => (typing.text = (event.target as HTMLTextAreaElement).value)} @keydown=${this.boxKey}></textarea>
      <div class="tools">
        <button class="small primary" ?disabled=${this.busy} @click=${() => void this.save()}>${t("Save")} <kbd>Enter</kbd></button>
        <button class="small" @click=${() => this.leave()}>${t("Leave as it was")} <kbd>Esc</kbd></button>
      </div>
    </div>`;
  }

  private speakers(passage: Passage, index: number): TemplateResult {
    const people = this.replay.participants;
    return html`<div class="tools">
      <label>${t("Who said this")}
        <select class="who" @keydown=${(event: KeyboardEvent) => event.key === "Escape" && this.leave()}>
          <option value="" ?selected=${passage.speaker === null}>${t("Not known")}</option>
          ${people.map((one) => html`<option value=${one.id} ?selected=${one.id === passage.speaker}>${one.name}, ${this.roles[one.role] ?? one.role}</option>`)}
        </select></label>
      <button class="small primary" ?disabled=${this.busy} @click=${() => this.move(index)}>${t("Save")}</button>
      <button class="small" @click=${() => this.leave()}>${t("Leave as it was")}</button>
    </div>`;
  }

  protected override ownKey(event: KeyboardEvent, index: number): boolean {
    if (!this.editable || event.ctrlKey || event.altKey || event.metaKey) return false;
    const acts: Record<string, () => void> = {
      KeyE: () => this.type(index),
      KeyR: () => this.ask(index),
      KeyM: () => this.merge(index),
      KeyX: () => this.split(index, document.activeElement),
      Delete: () => this.erase(index),
    };
    const act = acts[event.code];
    if (act === undefined || this.passages[index]?.kind === "gap") return false;
    event.preventDefault();
    event.stopPropagation();
    this.choose(index);
    act();
    return true;
  }

  private readonly boxKey = (event: KeyboardEvent): void => {
    event.stopPropagation(); // letters are letters here, and not the player's keys
    if (event.isComposing) return;
    if (event.key === "Escape") this.leave();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    void this.save();
  };

  private where(index: number): Where {
    const passage = this.passages[index];
    return { index, source: passage?.source ?? "", start_us: passage?.start_us ?? 0 };
  }

  /** The next passage of the same microphone, with which this one may be joined. */
  private next(index: number): number | null {
    const { source, take } = this.passages[index] ?? {};
    const found = this.passages.findIndex((one, i) => i > index && one.source === source && one.take === take);
    return found < 0 || this.passages[found]?.kind !== "speech" || this.passages[found]?.speaker !== this.passages[index]?.speaker ? null : found;
  }

  private type(index: number): void {
    const text = this.passages[index]?.words.map((word) => word.text).join(" ") ?? "";
    this.typing = { where: this.where(index), text, others: null };
    this.open(index, "textarea");
  }

  private ask(index: number): void {
    this.asking = this.where(index);
    this.open(index, "select.who");
  }

  private open(index: number, what: string): void {
    this.cursor = index;
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(`.passage[data-index="${index}"] ${what}`)?.focus());
  }

  private leave(): void {
    this.typing = this.asking = null;
    this.requestUpdate();
    void this.updateComplete.then(() => this.focusHere());
  }

  private focusHere(): void {
    this.querySelector<HTMLElement>(`.passage[data-index="${this.cursor}"] .moment-button`)?.focus({ preventScroll: true });
  }

  private async save(): Promise<void> {
    const { typing } = this;
    if (typing === null || this.busy) return;
    const text = typing.text.trim().replace(/\s+/g, " ");
    const now = this.passages[typing.where.index]?.words.map((word) => word.text).join(" ") ?? "";
    if (text === "" || text === now) return this.leave();
    const done = await this.act({ kind: "correct", passage: typing.where, text });
    if (done === "conflict") return this.keep(typing);
    if (done === "done") this.leave();
  }

  /** The newest text is here; the box stays open with what was typed, at the passage that begins at the same moment. */
  private keep(typing: { where: Where; text: string }): void {
    const index = this.passages.findIndex((one) => one.source === typing.where.source && one.start_us === typing.where.start_us);
    this.typing = { where: this.where(index < 0 ? Math.min(typing.where.index, this.passages.length - 1) : index), text: typing.text, others: "" };
    this.open(this.typing.where.index, "textarea");
  }

  private move(index: number): void {
    const chosen = this.querySelector<HTMLSelectElement>("select.who")?.value ?? "";
    const speaker = chosen === "" ? null : chosen;
    if (speaker === (this.passages[index]?.speaker ?? null)) return this.leave();
    void this.act({ kind: "move", passage: this.where(index), speaker }).then(() => this.leave());
  }

  private merge(index: number): void {
    const second = this.next(index);
    if (second !== null) void this.act({ kind: "merge", passage: this.where(index), second: this.where(second) }).then(() => this.focusHere());
  }

  /** Before the word that has the focus, else before the one that is heard. */
  private split(index: number, focus: Element | null): void {
    const words = [...this.querySelectorAll(`.passage[data-index="${index}"] .word`)];
    const at = focus?.classList.contains("word") ? words.indexOf(focus) : words.findIndex((word) => Number((word as HTMLElement).dataset.end) > this.player.position_us);
    const before = at > 0 ? at : 1;
    if (words.length > 1) void this.act({ kind: "split", passage: this.where(index), before }).then(() => this.focusHere());
  }

  private erase(index: number): void {
    if (this.passages[index]?.kind === "speech") void this.act({ kind: "delete", passage: this.where(index) }).then(() => this.focusHere());
  }

  private async act(edit: Edit): Promise<"done" | "conflict" | "refused"> {
    if (this.busy) return "refused";
    this.busy = true;
    this.requestUpdate();
    const done = await this.send(edit);
    this.busy = false;
    this.requestUpdate();
    await this.updateComplete;
    return done;
  }
}

function same(one: Where, other: Where): boolean {
  return one.index === other.index && one.source === other.source && one.start_us === other.start_us;
}
