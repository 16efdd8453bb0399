/** `<ht-picture>`: the last picture of one camera, asked for again and again, each after the one before has come. */

import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { t } from "../shared/i18n.js";

const EVERY_MS = 2000;

@customElement("ht-picture")
export class Picture extends LitElement {
  @property() source = "";
  @property() label = "";
  @state() private address = "";
  @state() private missing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#ask();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  #ask(): void {
    this.address = `/api/sources/${encodeURIComponent(this.source)}/picture.jpg?at=${Date.now()}`;
  }

  #came(missing: boolean): void {
    this.missing = missing;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
  }

  protected override render(): TemplateResult {
    return html`
      <img class=${this.missing ? "missing" : ""} src=${this.address} alt=${t("Picture of {camera}", { camera: this.label })}
        @load=${() => this.#came(false)} @error=${() => this.#came(true)}>
      ${this.missing ? html`<span class="no-picture">${t("No picture yet")}</span>` : nothing}
    `;
  }
}
