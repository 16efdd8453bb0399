/** `<ht-ask>`: the two questions of this page, in a modal dialog: finish the hearing? and, for a stage about a person, who? */

import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { t } from "../shared/i18n.js";
import { personName, type PageData, type StageKind } from "./context.js";
import type { Participant } from "./model.js";

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
  #answer: ((value: Mark | undefined) => void) | undefined;
  #finish: ((value: boolean) => void) | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  get open(): boolean {
    return this.dialog?.open ?? false;
  }

  /** Who the stage is about, and a note; undefined when the person thinks better of it. */
  async mark(stage: StageKind): Promise<Mark | undefined> {
    this.stage = stage;
    await this.updateComplete;
    this.dialog.querySelector("form")?.reset();
    this.dialog.showModal();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** Whether to finish the hearing. */
  async finish(): Promise<boolean> {
    this.stage = undefined;
    await this.updateComplete;
    this.dialog.showModal();
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  #closed(): void {
    this.#answer?.(undefined);
    this.#finish?.(false);
    this.#answer = this.#finish = undefined;
  }

  #sent(event: SubmitEvent): void {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const participant = String(form.get("participant") ?? "");
    if (this.stage) this.#answer?.({ code: this.stage.code, participant: participant || null, note: String(form.get("note") ?? "") });
    else this.#finish?.(true);
    this.#answer = this.#finish = undefined;
    this.dialog.close();
  }

  protected override render(): TemplateResult {
    return html`
      <dialog class="ask" aria-labelledby="ask-title" @close=${this.#closed}>
        <form method="dialog" @submit=${this.#sent}>${this.stage ? this.#aboutStage(this.stage) : this.#aboutFinish()}</form>
      </dialog>
    `;
  }

  #aboutStage(stage: StageKind): TemplateResult {
    return html`
      <h2 id="ask-title">${stage.title}</h2>
      ${stage.code === "CLOSED_START"
        ? html`<p class="alert">${t("The recording is not encrypted yet. Pause it for the part in camera and keep a written protocol of that part.")}</p>`
        : nothing}
      ${stage.person && this.people.length > 0
        ? html`<fieldset class="choices">
            <legend>${t("About whom")}</legend>
            <label><input type="radio" name="participant" value="" checked> ${t("Nobody named")}</label>
            ${this.people.map((person) => html`<label><input type="radio" name="participant" value=${person.id}> ${personName(this.data, person)}</label>`)}
          </fieldset>`
        : nothing}
      <label class="field">${noteLabel(stage.code)}<input name="note" maxlength="2000" autocomplete="off"></label>
      <div class="ask-actions"><button type="button" @click=${() => this.dialog.close()}>${t("Cancel")} <kbd>Esc</kbd></button><button class="primary">${t("Mark")} <kbd>Enter</kbd></button></div>
    `;
  }

  #aboutFinish(): TemplateResult {
    return html`
      <h2 id="ask-title">${t("Finish this hearing?")}</h2>
      <p>${t("The recording is closed and sealed. Nothing can be recorded to this hearing afterwards. For a break or for deliberation choose «Pause».")}</p>
      <div class="ask-actions"><button type="button" autofocus @click=${() => this.dialog.close()}>${t("Go on")} <kbd>Esc</kbd></button><button class="danger">${t("Finish the hearing")}</button></div>
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
