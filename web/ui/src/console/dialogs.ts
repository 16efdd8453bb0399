/** `<ht-ask>`: the two questions of this page, in a modal dialog: finish the hearing? and, for a stage about a person, who? */

import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { t } from "../shared/i18n.js";
import { personName, type PageData, type StageKind } from "./context.js";
import type { Participant } from "./model.js";

/** What becomes of a mark that is wrong: another text in its place, or nothing, and why. */
export interface Correction {
  text: string;
  reason: string;
  back: boolean;
}

export interface Mark {
  code: string;
  participant: string | null;
  note: string;
}

@customElement("ht-ask")
export class Ask extends LitElement {
  @property({ attribute: false }) data!: PageData;
  @property({ attribute: false }) people: Participant[] = [];
  @state() private stage: StageKind | undefined;
  @query("dialog") private dialog!: HTMLDialogElement;
  @state() private wrong: { title: string; text: string } | undefined;
  #answer: ((value: Mark | Correction | boolean) => void) | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  get open(): boolean {
    return this.dialog?.open ?? false;
  }

  /** Who the stage is about, and a note; undefined when the person thinks better of it. */
  async mark(stage: StageKind): Promise<Mark | undefined> {
    const mark = await this.#ask(stage);
    return typeof mark === "object" && "code" in mark ? mark : undefined;
  }

  /** Whether to finish the hearing. */
  async finish(): Promise<boolean> {
    return (await this.#ask(undefined)) === true;
  }

  /** What to do about a mark that is wrong; undefined when the person thinks better of it. */
  async correct(title: string, text: string): Promise<Correction | undefined> {
    const found = await this.#ask(undefined, { title, text });
    return typeof found === "object" && "back" in found ? found : undefined;
  }

  /** Open the dialog; the mark that was made, true for "finish", false when the person thinks better of it. */
  async #ask(stage: StageKind | undefined, wrong?: { title: string; text: string }): Promise<Mark | Correction | boolean> {
    this.#settle(false); // a question still open is not answered by the next one's answer
    this.stage = stage;
    this.wrong = wrong;
    await this.updateComplete;
    this.dialog.querySelector("form")?.reset();
    this.dialog.showModal();
    return new Promise((resolve) => {
      this.#answer?.(false);
      this.#answer = resolve;
    });
  }

  #settle(value: Mark | Correction | boolean): void {
    const answer = this.#answer;
    this.#answer = undefined;
    if (this.dialog.open) this.dialog.close();
    answer?.(value);
  }

  #closed(): void {
    // The browser says "close" later than it closes: by then the next question may be open, and this is not its answer.
    if (!this.dialog.open) this.#settle(false);
  }

  #sent(event: SubmitEvent): void {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    if (this.wrong) {
      const back = (event.submitter as HTMLButtonElement | null)?.value === "back";
      this.#settle({ text: String(form.get("text") ?? "").trim(), reason: String(form.get("reason") ?? "").trim(), back });
      return;
    }
    const participant = String(form.get("participant") ?? "");
    this.#settle(this.stage ? { code: this.stage.code, participant: participant || null, note: noteText(this.stage.code, String(form.get("note") ?? "")) } : true);
  }

  protected override render(): TemplateResult {
    return html`
      <dialog class="ask" aria-labelledby="ask-title" @close=${this.#closed}>
        <form method="dialog" @submit=${this.#sent}>${this.stage ? this.#aboutStage(this.stage) : this.wrong ? this.#aboutWrong(this.wrong) : this.#aboutFinish()}</form>
      </dialog>
    `;
  }

  #aboutStage(stage: StageKind): TemplateResult {
    return html`
      <h2 id="ask-title">${stage.title}</h2>
      ${stage.code === "CLOSED_START"
        ? html`<p class="alert">${t("From here the hearing is in camera. What is recorded is encrypted; only the archive and the escrow can open it later.")}</p>`
        : nothing}
      ${stage.person && this.people.length > 0
        ? html`<fieldset class="choices">
            <legend>${t("About whom")}</legend>
            <label><input type="radio" name="participant" value="" checked> ${t("Nobody named")}</label>
            ${this.people.map((person) => html`<label><input type="radio" name="participant" value=${person.id}> ${personName(this.data, person)}</label>`)}
          </fieldset>`
        : nothing}
      <label class="field">${noteLabel(stage.code)}${stage.code === "ADJOURN"
        ? html`<input name="note" type="datetime-local" required max="9999-12-31T23:59">`
        : html`<input name="note" maxlength="2000" autocomplete="off" ?required=${stage.code === "FAULT"}>`}</label>
      <div class="ask-actions"><button type="button" @click=${() => this.#settle(false)}>${t("Cancel")} <kbd>Esc</kbd></button><button class="primary">${t("Mark")} <kbd>Enter</kbd></button></div>
    `;
  }

  #aboutWrong(wrong: { title: string; text: string }): TemplateResult {
    return html`
      <h2 id="ask-title">${t("Correct")}: ${wrong.title}</h2>
      <p class="hint">${t("Nothing is erased: the old entry stays in the log, struck, with who corrected it.")}</p>
      <label class="field">${t("Text")}<textarea name="text" rows="3" maxlength="2000" .defaultValue=${wrong.text}></textarea></label>
      <label class="field">${t("Reason")}<input name="reason" maxlength="2000" autocomplete="off"></label>
      <div class="ask-actions"><button type="button" @click=${() => this.#settle(false)}>${t("Cancel")} <kbd>Esc</kbd></button>
        <button value="back">${t("Take back")}</button><button class="primary" value="correct">${t("Correct")}</button></div>
    `;
  }

  #aboutFinish(): TemplateResult {
    return html`
      <h2 id="ask-title">${t("Finish this hearing?")}</h2>
      <p>${t("The recording is closed and sealed. Nothing can be recorded to this hearing afterwards. For a break or for deliberation choose «Pause».")}</p>
      <div class="ask-actions"><button type="button" autofocus @click=${() => this.#settle(false)}>${t("Go on")} <kbd>Esc</kbd></button><button class="danger">${t("Finish the hearing")}</button></div>
    `;
  }
}

/** Stages whose note the brief protocol needs, and the one that needs a warning. */
const NOTES = new Set(["ADJOURN", "ANNOUNCE", "FAULT", "BREAK_START", "CLOSED_START"]);

/** Whether marking this stage asks something first. */
export function asks(stage: StageKind, people: Participant[]): boolean {
  return NOTES.has(stage.code) || (stage.person && people.length > 0);
}

function noteLabel(code: string): string {
  switch (code) {
    case "ADJOURN":
      return t("Date and time of the new hearing");
    case "ANNOUNCE":
      return t("When the decision will be made in its final form");
    case "FAULT":
      return t("Reason");
    case "BREAK_START":
      return t("Until when");
    default:
      return t("Note");
  }
}

/** A date and time from the dialog's field as a protocol writes it: `01.12.2026, 10:30`; any other note as it is. */
export function noteText(code: string, note: string): string {
  const found = code === "ADJOURN" ? /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(note) : null;
  return found ? `${found[3]}.${found[2]}.${found[1]}, ${found[4]}` : note;
}
