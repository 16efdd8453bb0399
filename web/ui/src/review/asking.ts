/** What the cards that ask the console have in common: one request at a time, and a refusal is told in its own words. */
import { state } from "lit/decorators.js";

import { PageElement } from "../player/base";
import { Refused } from "../shared/http";

export class AskingElement extends PageElement {
  @state() protected busy = false;
  @state() protected problem = "";

  protected async try(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = "";
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem = `${error.message} ${error.advice}`;
    } finally {
      this.busy = false;
    }
  }
}
