/** The signing page: a key file goes with the form as it stands; the key client needs this script. */

import { postJson, Refused } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { pageData } from "../shared/page.js";
import { ClientFailed, signDigest } from "./client.js";

const { hearing, client } = pageData<{ hearing: string; client: string }>();
const form = document.querySelector<HTMLFormElement>("#sign");
if (form) prepare(form);

function prepare(form: HTMLFormElement): void {
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

async function withClient(form: HTMLFormElement): Promise<void> {
  const entered = new FormData(form);
  const button = form.querySelector("button");
  const at = `/api/hearings/${encodeURIComponent(hearing)}/signing`;
  if (button) button.disabled = true;
  say(form, t("Waiting for the key client: choose your key in its window."));
  try {
    const begun = (await postJson(`${at}/begin`, { what: entered.get("what"), password: entered.get("password") })) as { token: string; digest: string };
    const signature = await signDigest(client, begun.digest);
    say(form, t("Checking the signature…"));
    await postJson(`${at}/finish`, { token: begun.token, signature });
    location.reload();
  } catch (error) {
    if (button) button.disabled = false;
    say(form, "", error instanceof Refused ? `${error.message} ${error.advice}` : error instanceof ClientFailed ? error.message : t("Nothing was signed."));
  }
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
