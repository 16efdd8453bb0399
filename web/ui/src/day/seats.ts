/**
 * `<ht-seats>`: the room's plan, who sits at which microphone. The truth is in the form's own boxes (`select[data-seat]`): a drag sets them, and the plan shows them.
 */

import { LitElement, html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { t } from "../shared/i18n.js";
import { pageData } from "../shared/page.js";
import { moved } from "./places.js";

interface Microphone {
  name: string;
  label: string;
}

const KIND = "application/x-hattama-person";

@customElement("ht-seats")
export class Seats extends LitElement {
  @state() private over = "";
  readonly #microphones = pageData<{ microphones: Microphone[] }>().microphones;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  get #rows(): HTMLElement[] {
    return [...document.querySelectorAll<HTMLElement>("[data-person]")];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    for (const [who, row] of this.#rows.entries()) {
      row.querySelector<HTMLElement>(".grip")?.addEventListener("dragstart", (event) => {
        event.dataTransfer?.setData(KIND, String(who));
        event.dataTransfer?.setDragImage(row, 10, 20);
      });
      row.querySelector("input")?.addEventListener("input", () => this.requestUpdate());
      row.querySelector("select")?.addEventListener("change", () => this.requestUpdate());
      this.#seatOf(row)?.addEventListener("change", () => this.#take(who, this.#seatOf(row)?.value ?? ""));
    }
  }

  #seatOf(row: HTMLElement): HTMLSelectElement | null {
    return row.querySelector<HTMLSelectElement>("[data-seat]");
  }

  #nameOf(row: HTMLElement): string {
    return row.querySelector<HTMLInputElement>("input")?.value.trim() ?? "";
  }

  #take(who: number, seat: string): void {
    const rows = this.#rows;
    const seats = moved(rows.map((row) => this.#seatOf(row)?.value ?? ""), who, seat);
    for (const [person, row] of rows.entries()) {
      const box = this.#seatOf(row);
      if (box && box.value !== seats[person]) box.value = seats[person] ?? "";
    }
    this.requestUpdate();
  }

  #dropped(event: DragEvent, seat: string): void {
    const who = event.dataTransfer?.getData(KIND);
    this.over = "";
    if (!who) return;
    event.preventDefault();
    this.#take(Number(who), seat);
  }

  #dragged(event: DragEvent, seat: string): void {
    if (!event.dataTransfer?.types.includes(KIND)) return;
    event.preventDefault();
    this.over = seat;
  }

  protected override render(): TemplateResult {
    const rows = this.#rows;
    return html`<ol class="seats" aria-label=${t("Microphones of the room")}>
      ${this.#microphones.map((mic, number) => {
        const row = rows.find((one) => this.#seatOf(one)?.value === mic.name);
        const name = row ? this.#nameOf(row) : "";
        const role = row?.querySelector("select")?.selectedOptions[0]?.text ?? "";
        return html`<li
          class="seat ${name ? "taken" : ""} ${this.over === mic.name ? "over" : ""}"
          data-microphone=${mic.name}
          @dragover=${(event: DragEvent) => this.#dragged(event, mic.name)}
          @dragleave=${() => (this.over = "")}
          @drop=${(event: DragEvent) => this.#dropped(event, mic.name)}
        >
          <span class="seat-label">${number + 1}. ${mic.label}</span>
          <span class="seat-person">${name ? `${role}: ${name}` : t("Free")}</span>
        </li>`;
      })}
    </ol>`;
  }
}
