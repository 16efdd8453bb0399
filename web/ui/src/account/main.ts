/** The account page: adds a passkey, after the password was given once more. */

import { postJson, Refused } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { ablePasskeys, makePasskey, NoPasskey } from "../shared/passkeys.js";

const form = document.querySelector<HTMLFormElement>("#add-passkey");
if (form && ablePasskeys()) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void add(form);
  });
} else {
  document.querySelector<HTMLElement>("[data-unable]")?.removeAttribute("hidden");
}

async function add(form: HTMLFormElement): Promise<void> {
  const entered = new FormData(form);
  const button = form.querySelector("button");
  if (button) button.disabled = true;
  say(form, t("Follow your browser: it asks which device is to hold the passkey."));
  try {
    const options = (await postJson("/api/passkeys/add/begin", { password: entered.get("password") })) as Record<string, unknown>;
    const answer = await makePasskey(options);
    await postJson("/api/passkeys/add/finish", { label: entered.get("label"), answer });
    location.assign("/account");
  } catch (error) {
    if (button) button.disabled = false;
    say(form, "", error instanceof Refused ? `${error.message} ${error.advice}` : error instanceof NoPasskey ? error.message : t("No passkey was added."));
  }
}

function say(form: HTMLFormElement, state: string, problem = ""): void {
  const status = form.querySelector<HTMLElement>("[data-state]");
  const alert = form.querySelector<HTMLElement>("[data-problem]");
  if (status) status.textContent = state;
  if (alert) {
    alert.textContent = problem;
    alert.hidden = !problem;
  }
}
