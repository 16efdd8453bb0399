/** Calls to the page's own JSON routes. */

import { t } from "./i18n.js";

/** What a route answered instead of doing what it was asked: a message and an advice in the reader's language. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly advice: string,
  ) {
    super(message);
  }
}

/** JSON of a GET; throws Refused. */
export async function getJson<T>(address: string): Promise<T> {
  return (await call(address, { headers: { Accept: "application/json" } })) as T;
}

/** JSON of a POST; throws Refused. */
export async function postJson(address: string, body: unknown = {}): Promise<unknown> {
  return call(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
}

/** JSON of a POST whose body is a file; throws Refused. */
export async function postFile(address: string, file: File): Promise<unknown> {
  const headers = { "Content-Type": "application/octet-stream", Accept: "application/json", "X-File-Name": encodeURIComponent(file.name) };
  return call(address, { method: "POST", headers, body: file });
}

async function call(address: string, options: RequestInit): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(address, { credentials: "same-origin", ...options });
  } catch {
    throw new Refused(0, "no-answer", t("This page has no connection to the server."), t("Check the network."));
  }
  const text = await answer.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused(answer.status, "bad-answer", t("The server gave an answer that cannot be read."), t("Reload the page."));
  }
  if (answer.ok) return value;
  const { code, message, advice } = value as { code?: string; message?: string; advice?: string };
  throw new Refused(answer.status, code ?? "unknown", message ?? "", advice ?? "");
}
