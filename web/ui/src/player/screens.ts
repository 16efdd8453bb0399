/** The cameras, in step. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import { t } from "../shared/i18n";
import { PlayerElement } from "./base";
import { causeOf } from "../shared/causes";
import type { Gap } from "./model";
import type { Track } from "./track";

@customElement("hattama-screens")
export class Screens extends PlayerElement {
  @property({ attribute: false }) gaps: readonly Gap[] = [];
  /** Why a part in camera is not shown. */
  @property({ attribute: false }) shut = "";
  private large: string | null = null;
  private shown = "";

  /** Drawn again only when a picture comes or goes, not at every moment. */
  protected override moved(): void {
    const now = this.player.cameras.map((track) => track.state(this.player.position_us)).join();
    if (now !== this.shown) this.requestUpdate();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { cameras, position_us } = this.player;
    this.shown = cameras.map((track) => track.state(position_us)).join();
    if (cameras.length === 0) return nothing;
    const count = this.large === null ? cameras.length : 1;
    return html`<div class="screens" data-count=${Math.min(count, 4)}>${cameras.map((track) => this.screen(track))}</div>`;
  }

  private screen(track: Track): TemplateResult {
    const { source, label } = track.source;
    const hidden = this.large !== null && this.large !== source;
    return html`<figure class="screen" ?hidden=${hidden} data-source=${source}>
      ${track.element}
      <figcaption>
        <span>${label}</span>
        ${this.player.cameras.length > 1
          ? html`<button class="quiet" aria-pressed=${this.large === source} @click=${() => this.enlarge(source)}>
              ${this.large === source ? t("All cameras") : t("Enlarge")}
            </button>`
          : nothing}
      </figcaption>
      ${this.message(track)}
    </figure>`;
  }

  private message(track: Track): TemplateResult | typeof nothing {
    const position = this.player.position_us;
    const state = track.state(position);
    if (state === "ready" || state === "loading") return nothing;
    const gap = this.gaps.find(
      (one) => one.source === track.source.source && one.from_us <= position && position < one.to_us,
    );
    const text = {
      empty: gap ? t("Not recorded: {cause}", { cause: causeOf(gap.cause) }) : t("Not recorded"),
      shut: this.shut || t("In camera: it is not played here."),
      failed: t("The file could not be loaded."),
      unsupported: t("This browser cannot show this camera's picture."),
    }[state];
    return html`<p class="screen-message" role="status">${text}</p>`;
  }

  private enlarge(source: string): void {
    this.large = this.large === source ? null : source;
    this.requestUpdate();
  }
}
