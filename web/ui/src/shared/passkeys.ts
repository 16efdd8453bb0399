/**
 * The browser's half of a passkey ceremony (Web Authentication, level 3): options as the server gives them, binary values in base64url, become what
 * `navigator.credentials` takes; its answer becomes JSON again. By hand, because browsers of 2023 cannot do it themselves.
 */

import { t } from "./i18n.js";

/** The person closed the browser's window, or no device of theirs can do it; the message is for them. */
export class NoPasskey extends Error {}

type Json = Record<string, unknown>;

/** Whether this browser has passkeys on this page: not where the page was opened over plain HTTP. */
export function ablePasskeys(): boolean {
  return window.isSecureContext && typeof PublicKeyCredential === "function";
}

/** Makes a key on a device of the person's; throws NoPasskey. */
export async function makePasskey(options: Json): Promise<Json> {
  const publicKey = fromJson(options) as unknown as PublicKeyCredentialCreationOptions;
  return withDevice(() => navigator.credentials.create({ publicKey }));
}

/** Has a device of the person's sign the challenge; throws NoPasskey. */
export async function askPasskey(options: Json): Promise<Json> {
  const publicKey = fromJson(options) as unknown as PublicKeyCredentialRequestOptions;
  return withDevice(() => navigator.credentials.get({ publicKey }));
}

async function withDevice(ask: () => Promise<Credential | null>): Promise<Json> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (error) {
    if (error instanceof DOMException && error.name === "InvalidStateError") throw new NoPasskey(t("This device has a passkey of yours already."));
    throw new NoPasskey(t("No passkey was used: the window was closed, or the device has none for this address."));
  }
  if (!credential) throw new NoPasskey(t("No passkey was used: the window was closed, or the device has none for this address."));
  return toJson(credential as PublicKeyCredential);
}

/** Options with their binary values as bytes: the challenge, the user's handle, ids of keys. */
export function fromJson(options: Json): Json {
  const given = { ...options, challenge: bytes(String(options.challenge)) } as Json;
  const user = options.user as Json | undefined;
  if (user) given.user = { ...user, id: bytes(String(user.id)) };
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    const list = options[name] as Json[] | undefined;
    if (list) given[name] = list.map((one) => ({ ...one, id: bytes(String(one.id)) }));
  }
  return given;
}

/** A device's answer as JSON, binary values in base64url. */
export function toJson(credential: PublicKeyCredential): Json {
  const response = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const told: Json = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    told.attestationObject = text(response.attestationObject);
    told.transports = response.getTransports?.() ?? [];
  } else {
    told.authenticatorData = text(response.authenticatorData);
    told.signature = text(response.signature);
    if (response.userHandle) told.userHandle = text(response.userHandle);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: told, clientExtensionResults: {} };
}

/** Bytes of base64url without padding. */
export function bytes(encoded: string): Uint8Array<ArrayBuffer> {
  const letters = atob(encoded.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

/** Base64url without padding. */
export function text(data: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(data), (value) => String.fromCharCode(value)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
