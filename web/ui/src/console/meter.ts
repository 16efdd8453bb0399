/** `<ht-meter>`: the level of one microphone, with a mark that holds the last peak. */

import { LitElement, html, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { t } from "../shared/i18n.js";
import { meterPlace } from "./model.js";

const HOLD_MS = 1500;
const FALL_PER_S = 0.5;
/** −1 dBFS: the sound is distorted, or nearly. */
const TOO_LOUD = -100;
/** −55 dBFS as RMS: a microphone in a room where nobody speaks. */
const QUIET = -5500;
const WORDS_MS = 1000;

@customElement("ht-meter")
export class Meter extends LitElement {
  @property() label = "";
  /** The device gives nothing, as its chip says: no level and no word beside that. */
  @property({ type: Boolean }) off = false;
  @query(".meter-bar") private bar!: HTMLElement;
  @query(".meter-peak") private mark!: HTMLElement;
  @query(".meter-word") private word!: HTMLElement;
  #held = 0;
  #heldAt = 0;
  #wordAt = 0;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** Show a level; hundredths of dBFS. Called ten times a second, so it touches two properties and renders nothing anew. */
  show(peak_cdb: number, rms_cdb: number): void {
    if (!this.hasUpdated || this.off) return;
    const now = performance.now();
    const peak = meterPlace(peak_cdb);
    const fallen = this.#held - (Math.max(0, now - this.#heldAt - HOLD_MS) / 1000) * FALL_PER_S;
    if (peak >= fallen) [this.#held, this.#heldAt] = [peak, now];
    this.bar.style.setProperty("--level", meterPlace(rms_cdb).toFixed(3));
    this.mark.style.setProperty("--peak", Math.max(peak, fallen).toFixed(3));
    if (now - this.#wordAt < WORDS_MS && peak_cdb < TOO_LOUD) return;
    this.#wordAt = now;
    const word = peak_cdb >= TOO_LOUD ? t("Too loud") : rms_cdb < QUIET ? t("Quiet") : t("Sound");
    if (this.word.textContent !== word) this.word.textContent = word;
    this.bar.setAttribute("aria-valuenow", String(Math.round(Math.max(-60, rms_cdb / 100))));
    this.bar.setAttribute("aria-valuetext", word);
    this.classList.toggle("loud", peak_cdb >= TOO_LOUD);
    this.classList.toggle("sounding", rms_cdb >= QUIET);
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("off") || !this.off) return;
    this.bar.style.setProperty("--level", "0");
    this.mark.style.setProperty("--peak", "0");
    this.bar.setAttribute("aria-valuenow", "-60");
    this.bar.removeAttribute("aria-valuetext");
    this.word.textContent = "";
    this.classList.remove("loud", "sounding");
    [this.#held, this.#wordAt] = [0, 0];
  }

  protected override render(): TemplateResult {
    return html`
      <div class="meter-bar" role="meter" aria-label=${this.label} aria-valuemin="-60" aria-valuemax="0" aria-valuenow="-60">
        <div class="meter-cover"></div>
        <div class="meter-peak"></div>
      </div>
      <span class="meter-word" aria-hidden="true">${t("Quiet")}</span>
    `;
  }
}
