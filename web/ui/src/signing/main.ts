/** The signing page: a key file goes with the form as it stands; the key client needs this script. */

import { postJson, Refused } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { pageData } from "../shared/page.js";
import { ablePasskeys, askPasskey, NoPasskey } from "../shared/passkeys.js";
import { ClientFailed, signDigest } from "./client.js";

const { hearing, client } = pageData<{ hearing: string; client: string }>();
const form = document.querySelector<HTMLFormElement>("#sign");
if (form) prepare(form);

function prepare(form: HTMLFormElement): void {
  const passkey = form.querySelector<HTMLButtonElement>("[data-passkey]");
  if (passkey && ablePasskeys()) {
    passkey.hidden = false;
    passkey.addEventListener("click", () => void withPasskey(form, passkey));
  }
  form.addEventListener("submit", (event) => {
    const button = form.querySelector("button");
    if (new FormData(form).get("way") === "client") {
      event.preventDefault();
      void withClient(form);
    } else if (button) {
      button.disabled = true; // a second press would sign twice
    }
  });
}

/** The passkey's answer takes the place of the password, for this one submission. */
async function withPasskey(form: HTMLFormElement, button: HTMLButtonElement): Promise<void> {
  const password = form.querySelector<HTMLInputElement>("[name=password]");
  const answered = form.querySelector<HTMLInputElement>("[name=passkey]");
  if (!password || !answered) return;
  let again = false;
  button.disabled = true;
  password.required = false;
  try {
    if (!form.reportValidity()) return;
    say(form, t("Waiting for your passkey."));
    const options = (await postJson("/api/passkeys/confirm/begin", { subject: hearing })) as Record<string, unknown>;
    answered.value = JSON.stringify(await askPasskey(options));
    say(form, "");
    form.requestSubmit();
  } catch (error) {
    say(form, "", told(error));
    again = true;
  } finally {
    answered.value = ""; // the form's values were taken when it was submitted
    password.required = true;
    button.disabled = false;
    if (again) button.focus(); // a button that is disabled has lost it
  }
}

async function withClient(form: HTMLFormElement): Promise<void> {
  const entered = new FormData(form);
  const button = form.querySelector("button");
  const at = `/api/hearings/${encodeURIComponent(hearing)}/signing`;
  if (button) button.disabled = true;
  say(form, t("Waiting for the key client: choose your key in its window."));
  try {
    const begun = (await postJson(`${at}/begin`, { what: entered.get("what"), password: entered.get("password"), passkey: entered.get("passkey") ?? "" })) as { token: string; digest: string };
    const signature = await signDigest(client, begun.digest);
    say(form, t("Checking the signature…"));
    await postJson(`${at}/finish`, { token: begun.token, signature });
    location.reload();
  } catch (error) {
    if (button) button.disabled = false;
    say(form, "", told(error));
  }
}

function told(error: unknown): string {
  if (error instanceof Refused) return `${error.message} ${error.advice}`;
  return error instanceof ClientFailed || error instanceof NoPasskey ? error.message : t("Nothing was signed.");
}

function say(form: HTMLFormElement, state: string, problem = ""): void {
  const status = form.querySelector<HTMLElement>(".sign-state");
  const alert = form.querySelector<HTMLElement>(".sign-problem");
  if (status) status.textContent = state;
  if (alert) {
    alert.textContent = problem;
    alert.hidden = !problem;
  }
}
