/** Play, skip, speed, the moment; the slider over the recorded time with takes, gaps, stages and remarks. */
import { html, svg, nothing, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";

import { t } from "../shared/i18n";
import { PlayerElement } from "./base";
import { icon } from "./icons";
import type { Gap, Remark, Stage, Take } from "./model";
import { RATES } from "./player";
import { clockTime, courtDate, span } from "./time";

/** Width of the drawing, in its own units. */
const WIDE = 1000;

@customElement("hattama-transport")
export class Transport extends PlayerElement {
  @property({ attribute: false }) stages: readonly Stage[] = [];
  @property({ attribute: false }) remarks: readonly Remark[] = [];
  @property({ attribute: false }) gaps: readonly Gap[] = [];
  @property({ attribute: false }) takes: readonly Take[] = [];
  @query("#slider") private slider!: HTMLInputElement | null;
  private shown = -1;

  /** The slider and the time are brought up to date a few times a second, the rest is left. */
  protected override moved(): void {
    const now = Math.floor(this.player.position_us / 200_000);
    if (now !== this.shown) this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { player } = this;
    const { recorded, position_us } = player;
    this.shown = Math.floor(position_us / 200_000);
    const [elapsed, length] = [recorded.elapsed(position_us), recorded.length_us];
    const said = t("{time} of {length}, {clock}", { time: span(elapsed), length: span(length), clock: clockTime(position_us) });
    return html`
      <div class="track-bar">
        ${this.drawing(elapsed)}
        <input id="slider" type="range" min="0" max=${Math.max(1, Math.round(length / 1e5))} step="10"
          aria-label=${t("Moment of the hearing")} aria-valuetext=${said}
          .value=${String(Math.round(elapsed / 1e5))} @input=${this.slide}>
      </div>
      <div class="transport-row">
        <div class="buttons" role="group" aria-label=${t("Playing")}>
          <button class="round" title=${t("10 seconds back (J)")} aria-label=${t("10 seconds back (J)")}
            @click=${() => player.skip(-10e6)}>${icon("back")}<span aria-hidden="true">10</span></button>
          <button class="primary round play" id="play" aria-label=${player.playing ? t("Pause") : t("Play")}
            @click=${() => player.toggle()}>${player.playing ? icon("pause") : icon("play")}</button>
          <button class="round" title=${t("10 seconds on (L)")} aria-label=${t("10 seconds on (L)")}
            @click=${() => player.skip(10e6)}>${icon("on")}<span aria-hidden="true">10</span></button>
        </div>
        <p class="moment"><strong id="clock">${clockTime(position_us)}</strong>
          <span class="hint"><span class="date">${courtDate(position_us)} · </span><span id="elapsed">${span(elapsed)}</span> / ${span(length)}</span>
          <span class="hint waiting" role="status">${player.waiting ? t("Loading…") : player.shutHere ? t("In camera") : nothing}</span></p>
        <label class="rate"><span class="hidden">${t("Speed")}</span>
          <select id="rate" title=${t("Speed")} @change=${this.changeRate}>
            ${RATES.map((rate) => html`<option value=${rate} ?selected=${rate === player.rate}>${rate}×</option>`)}
          </select></label>
        <label class="volume">${icon("volume")}
          <input type="range" aria-label=${t("Volume")} min="0" max="1" step="0.05" .value=${String(player.volume)} @input=${this.changeVolume}></label>
      </div>`;
  }

  private readonly slide = (): void => {
    if (this.slider !== null) this.player.seek(this.player.recorded.moment(Number(this.slider.value) * 1e5));
  };

  private readonly changeRate = (event: Event): void =>
    this.player.setRate(Number((event.target as HTMLSelectElement).value));

  private readonly changeVolume = (event: Event): void =>
    this.player.setVolume(Number((event.target as HTMLInputElement).value));

  /** Drawn beside the slider, for the eye only: what it shows stands in the list of stages in words. */
  private drawing(elapsed_us: number): SVGTemplateResult {
    const { recorded } = this.player;
    const length = Math.max(1, recorded.length_us);
    const x = (us: number): number => (us / length) * WIDE;
    const takes = recorded.spans.map(({ start_us, end_us }) => {
      const from = x(recorded.elapsed(start_us));
      const closed = this.takes.some((take) => take.publicity === "closed" && take.start_us === start_us);
      // A thin line of the ground parts one take from the next.
      return svg`<rect class=${closed ? "take in-camera" : "take"} x=${from} y="8" width=${Math.max(1, x(end_us - start_us) - 1.5)} height="8" rx="1"/>`;
    });
    const gaps = this.gaps.map(({ from_us, to_us }) => {
      const [from, to] = [recorded.elapsed(from_us), recorded.elapsed(to_us)];
      // Only the lower edge: the other sources may well have been recorded.
      return to > from ? svg`<rect class="gap" x=${x(from)} y="13" width=${Math.max(2, x(to - from))} height="3"/>` : nothing;
    });
    const mark = (at_us: number, kind: string): SVGTemplateResult =>
      svg`<rect class=${kind} x=${x(recorded.elapsed(at_us)) - 1} y=${kind === "stage" ? 1 : 17} width="2" height="6"/>`;
    return svg`<svg class="drawing" viewBox="0 0 ${WIDE} 24" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      ${takes}<rect class="past" x="0" y="8" width=${x(elapsed_us)} height="8" rx="1"/>${gaps}
      ${this.stages.map(({ at_us }) => mark(at_us, "stage"))}${this.remarks.map(({ at_us }) => mark(at_us, "remark"))}
    </svg>`;
  }
}
