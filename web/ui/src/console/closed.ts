/** What the hearing's page says while the hearing is in camera: as long as the recorder says so, and in words that say what happens to the recording. */

import { html, nothing, type TemplateResult } from "lit";
import { t } from "../shared/i18n.js";
import type { Status } from "./model.js";

/** The strip under the banner; nothing where the hearing is open, or it is not known what is true now. */
export function closedStrip(status: Status, fresh: boolean, over: boolean): TemplateResult | typeof nothing {
  if (over || !fresh || status.publicity !== "closed") return nothing;
  return html`<div class="alert warn in-camera" role="status"><strong>${t("Closed hearing: what is said now is recorded encrypted.")}</strong></div>`;
}
