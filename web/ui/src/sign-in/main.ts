/** The sign-in page: beside name and password, a passkey, where the browser has them. */

import { postJson, Refused } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { pageData } from "../shared/page.js";
import { ablePasskeys, askPasskey, NoPasskey } from "../shared/passkeys.js";

const button = document.querySelector<HTMLButtonElement>("[data-passkey]");
const problem = document.querySelector<HTMLElement>("[data-problem]");
if (button && ablePasskeys()) {
  button.hidden = false;
  button.addEventListener("click", () => void enter(button));
}

async function enter(button: HTMLButtonElement): Promise<void> {
  const { next } = pageData<{ next: string }>();
  button.disabled = true;
  say("");
  try {
    const options = (await postJson("/api/passkeys/sign-in/begin")) as Record<string, unknown>;
    const answer = await askPasskey(options);
    const given = (await postJson("/api/passkeys/sign-in/finish", { answer, next })) as { next: string };
    location.assign(given.next);
  } catch (error) {
    button.disabled = false;
    button.focus(); // a button that is disabled has lost it
    say(error instanceof Refused ? `${error.message} ${error.advice}` : error instanceof NoPasskey ? error.message : t("Signing in by passkey failed. Use your password."));
  }
}

function say(text: string): void {
  if (!problem) return;
  problem.textContent = text;
  problem.hidden = !text;
}
