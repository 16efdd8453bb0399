/**
 * The national key client of the reader's own computer: a program that listens on a local WebSocket (wss://127.0.0.1:13579) and asks
 * the person for key and password itself. Their key never comes here.
 *
 * Protocol (module kz.gov.pki.knca.commonUtils): after the connection it tells its version, `{"result":{"version":"1.4"}}`; then each
 * request `{"module","method","args"}` is answered by `{"code":"200","responseObject":…}`, or another code with a `message`.
 */

import { t } from "../shared/i18n.js";

const MODULE = "kz.gov.pki.knca.commonUtils";
/** A key in a file; tokens have names of their own, which `getActiveTokens` lists. */
const FILE = "PKCS12";
/** How long a person may look for their key, ms; to connect takes no time on one computer. */
const SIGN_MS = 300_000;
const CONNECT_MS = 5_000;

/** Nothing was signed; the message is for the person. */
export class ClientFailed extends Error {
  constructor(
    readonly code: "absent" | "cancelled" | "failed",
    message: string,
  ) {
    super(message);
  }
}

/** What this needs of a WebSocket. */
export interface Socket {
  onmessage: ((event: { data: unknown }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  onclose: ((event: unknown) => void) | null;
  send(text: string): void;
  close(): void;
}

interface Answer {
  code?: string | number;
  message?: string;
  responseObject?: unknown;
  result?: { version?: string };
}

/**
 * A detached CMS signature over a digest, base64, by the key that the person chooses in the client.
 *
 * @param digest SHA-256, base64
 * @throws ClientFailed nobody listens, the person closed the window, or the client failed
 */
export async function signDigest(address: string, digest: string, connect: (address: string) => Socket = browserSocket): Promise<string> {
  const socket = connect(address);
  try {
    const hello = await next(socket, CONNECT_MS);
    if (!hello.result?.version) throw absent();
    const tokens = await ask(socket, "getActiveTokens", [], CONNECT_MS);
    const storage = Array.isArray(tokens) && typeof tokens[0] === "string" ? tokens[0] : FILE;
    const signature = await ask(socket, "createCAdESFromBase64Hash", [storage, "SIGNATURE", digest], SIGN_MS);
    if (typeof signature !== "string" || !signature) throw failed("");
    return signature;
  } finally {
    socket.onmessage = socket.onerror = socket.onclose = null;
    socket.close();
  }
}

function browserSocket(address: string): Socket {
  return new WebSocket(address) as unknown as Socket;
}

async function ask(socket: Socket, method: string, args: unknown[], patience: number): Promise<unknown> {
  const answer = next(socket, patience);
  socket.send(JSON.stringify({ module: MODULE, method, args }));
  const found = await answer;
  if (String(found.code) === "200") return found.responseObject;
  if (found.message === "action.canceled") throw new ClientFailed("cancelled", t("The key client was closed without a signature."));
  throw failed(found.message ?? "");
}

function next(socket: Socket, patience: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(absent()), patience);
    const give = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    socket.onerror = () => give(() => reject(absent()));
    socket.onclose = () => give(() => reject(absent()));
    socket.onmessage = (event) =>
      give(() => {
        try {
          resolve(JSON.parse(String(event.data)) as Answer);
        } catch {
          reject(failed(""));
        }
      });
  });
}

function absent(): ClientFailed {
  return new ClientFailed("absent", t("The key client does not answer on this computer. Start it, then try again."));
}

function failed(message: string): ClientFailed {
  return new ClientFailed("failed", t("The key client did not sign. {message}", { message }).trim());
}
