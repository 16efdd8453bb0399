/** The microphones: hear all, one alone, or all but some. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import { t } from "../shared/i18n";
import { PlayerElement } from "./base";
import { icon } from "./icons";
import type { Track } from "./track";

@customElement("hattama-microphones")
export class Microphones extends PlayerElement {
  @property({ attribute: false }) roles: Readonly<Record<string, string>> = {};
  private shown = "";

  protected override moved(): void {
    const now = this.states();
    if (now !== this.shown) this.requestUpdate();
  }

  private states(): string {
    return this.player.microphones.map((track) => track.state(this.player.position_us)).join();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { microphones } = this.player;
    this.shown = this.states();
    if (microphones.length === 0) return nothing;
    return html`<section class="card microphones" aria-labelledby="microphones-title">
      <div class="section-head">
        <h2 id="microphones-title">${t("Microphones")}</h2>
        <button class="quiet" ?disabled=${this.player.solo === null} @click=${() => this.player.setSolo(null)}>
          ${t("Hear all")}
        </button>
      </div>
      <ul>${microphones.map((track, i) => this.row(track, i + 1))}</ul>
      ${microphones.map((track) => track.element)}
    </section>`;
  }

  private row(track: Track, number: number): TemplateResult {
    const { player } = this;
    const { source, label, participant } = track.source;
    const heard = player.isHeard(source);
    const state = track.state(player.position_us);
    const person = participant ? [participant.name, this.roles[participant.role] ?? ""].filter(Boolean).join(", ") : "";
    return html`<li class=${heard ? "heard" : "unheard"} data-source=${source}>
      <span class="mic-name">${icon("microphone")}<span>${label}${person ? html`<small>${person}</small>` : nothing}
        ${this.state(track, state)}</span></span>
      <button class="small solo" aria-pressed=${player.solo === source} @click=${() => player.setSolo(source)}>
        <span>${t("Alone")}<span class="hidden">, ${label}</span></span>
        ${number < 10 ? html` <kbd>${number}</kbd>` : nothing}</button>
      <button class="small mute" aria-pressed=${player.muted.has(source)} @click=${() => player.toggleMuted(source)}>
        <span>${t("Mute")}<span class="hidden">, ${label}</span></span></button>
    </li>`;
  }

  private state(track: Track, state: string): TemplateResult | typeof nothing {
    if (track.altered.size > 0) return html`<small class="bad">${t("Files differ from the journal!")}</small>`;
    if (state === "shut") return html`<small class="warn">${t("In camera")}</small>`;
    if (state === "empty") return html`<small class="warn">${t("Not recorded")}</small>`;
    if (state === "failed") return html`<small class="bad">${t("The file could not be loaded.")}</small>`;
    if (state === "unsupported") return html`<small class="bad">${t("This browser cannot play this microphone.")}</small>`;
    return nothing;
  }
}
