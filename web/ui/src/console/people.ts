/** `<ht-people>`: somebody joins, leaves, sits elsewhere or is told of anew, in a modal dialog. What is true is the recorder's to say. */

import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import { t } from "../shared/i18n.js";
import { personName, type PageData } from "./context.js";
import type { Participant, SourceStatus, View } from "./model.js";

/** What the console is told of a person. */
export interface Told {
  id?: string;
  role: string;
  name: string;
  attendance: "present" | "remote" | "left";
  source?: string;
  protected: boolean;
}

@customElement("ht-people")
export class People extends LitElement {
  @property({ attribute: false }) data!: PageData;
  @property({ attribute: false }) view!: View;
  @property({ attribute: false }) microphones: SourceStatus[] = [];
  /** Tells the recorder; what it refused with, or undefined once it is written. */
  @property({ attribute: false }) send!: (told: Told) => Promise<string | undefined>;
  @state() private who = "";
  @state() private concealed = false;
  @state() private refused = "";
  @state() private busy = false;
  @state() private asked = false;
  @query("dialog") private dialog!: HTMLDialogElement | null;
  /** Grows with each person that is asked about: their fields are new ones, whatever was typed into the last ones. */
  #round = 0;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  get open(): boolean {
    return this.dialog?.open ?? false;
  }

  async ask(): Promise<void> {
    this.#choose("");
    this.asked = true;
    await this.updateComplete;
    if (!this.open) this.dialog?.showModal();
  }

  get #known(): Participant | undefined {
    return this.view.participants.find((person) => person.id === this.who);
  }

  #choose(who: string): void {
    this.#round += 1;
    this.who = who;
    this.refused = "";
    this.concealed = this.#known?.protected ?? false;
  }

  async #sent(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.busy) return;
    const form = new FormData(event.target as HTMLFormElement);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    const attendance = (text("attendance") || "present") as Told["attendance"];
    const told: Told = { role: text("role"), name: text("name"), attendance, protected: this.concealed };
    if (this.who) told.id = this.who;
    if (attendance !== "left") told.source = text("source");
    this.busy = true;
    try {
      this.refused = (await this.send(told)) ?? "";
    } finally {
      this.busy = false;
    }
    if (!this.refused) this.dialog?.close();
  }

  /** Nothing at all while nobody is asked about: the page's other question is a dialog, too. */
  protected override render(): TemplateResult | typeof nothing {
    if (!this.asked) return nothing;
    return html`
      <dialog class="ask ask-person" aria-labelledby="people-title" @close=${() => (this.asked = false)}>
        <form method="dialog" @submit=${(event: SubmitEvent) => void this.#sent(event)}>
          <h2 id="people-title">${t("Somebody joins or leaves")}</h2>
          ${this.refused ? html`<p class="alert" role="alert">${this.refused}</p>` : nothing}
          <label class="field">${t("Who")}
            <select name="who" @change=${(event: Event) => this.#choose((event.target as HTMLSelectElement).value)}>
              <option value="">${t("Somebody new")}</option>
              ${this.view.participants.map((person) => html`<option value=${person.id}>${personName(this.data, person)}</option>`)}
            </select>
          </label>
          ${keyed(this.#round, this.#fields())}
          <div class="ask-actions"><button type="button" @click=${() => this.dialog?.close()}>${t("Cancel")} <kbd>Esc</kbd></button>
            <button class="primary" ?disabled=${this.busy}>${t("Save")} <kbd>Enter</kbd></button></div>
        </form>
      </dialog>
    `;
  }

  /** What is told of the person who was chosen. */
  #fields(): TemplateResult {
    const known = this.#known;
    const seat = this.view.seats.find((one) => known && one.participant === known.id)?.source ?? "";
    const roles = Object.entries(this.data.roles);
    return html`
          <label class="field">${t("Role")}
            <select name="role">${roles.map(([code, title]) => html`<option value=${code} ?selected=${code === (known?.role ?? "witness")}>${title}</option>`)}</select>
          </label>
          <label class="field">${this.concealed ? t("Pseudonym") : t("Surname and initials")}
            <input name="name" required maxlength="300" autocomplete="off" value=${known?.name ?? ""}></label>
          <label class="check"><input type="checkbox" name="protected" ?checked=${known?.protected ?? false} ?disabled=${known !== undefined}
            @change=${(event: Event) => (this.concealed = (event.target as HTMLInputElement).checked)}>
            ${t("Protected witness: a pseudonym only, nothing else is kept")}</label>
          <fieldset class="choices">
            <legend>${t("How")}</legend>
            ${this.#way("present", t("In the courtroom"), (known?.attendance ?? "present") !== "remote")}
            ${this.#way("remote", t("By video link"), known?.attendance === "remote")}
            ${known ? this.#way("left", t("Leaves the hearing"), false) : nothing}
          </fieldset>
          <label class="field">${t("Microphone")}
            <select name="source">
              <option value="" ?selected=${seat === ""}>${t("No microphone")}</option>
              ${this.microphones.map((mic) => html`<option value=${mic.name} ?selected=${mic.name === seat}>${mic.label || mic.name}</option>`)}
            </select>
          </label>
    `;
  }

  #way(value: string, title: string, chosen: boolean): TemplateResult {
    return html`<label><input type="radio" name="attendance" value=${value} ?checked=${chosen}> ${title}</label>`;
  }
}
