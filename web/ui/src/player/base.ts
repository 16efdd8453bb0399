/** What the replay page's elements have in common. */
import { LitElement } from "lit";

import type { Player } from "./player";

/** In the page's own tree, so that its one style sheet and its texts' language hold. */
export class PageElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** An element that shows the player: drawn again at every change, told of every moment. */
export class PlayerElement extends PageElement {
  player!: Player;

  private readonly onChange = (): void => this.changed();
  private readonly onTime = (): void => this.moved();

  override connectedCallback(): void {
    super.connectedCallback();
    this.player.addEventListener("change", this.onChange);
    this.player.addEventListener("time", this.onTime);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.player.removeEventListener("change", this.onChange);
    this.player.removeEventListener("time", this.onTime);
  }

  /** Anything but the moment changed. */
  protected changed(): void {
    this.requestUpdate();
  }

  /** The moment moved: twenty times a second while playing. */
  protected moved(): void {
    this.requestUpdate();
  }
}
