/**
 * Marks on their way to the recorder. A console that is killed loses none: a mark that nobody answered is said again with the same token, which the recorder writes
 * once, and with how long ago it was made. What waits is kept in this tab's storage, so that a reload or a sign-in in between loses none either.
 */

import { Refused, postJson } from "../shared/http.js";

export type Kind = "stage" | "remark";
export interface Marked {
  seq: number;
  at_us: number;
}
export interface Waiting {
  hearing: string;
  kind: Kind;
  body: Record<string, unknown>;
  token: string;
  made_ms: number;
}
type Post = (address: string, body: unknown) => Promise<unknown>;
type Shelf = Pick<Storage, "getItem" | "setItem">;

const PLACE = "hattama-marks";
const AGAIN_MS = 500;
/** The recorder believes no page that says it waited longer. */
export const LONGEST_MS = 600_000;

/** Whether nobody answered, or only to say that the recorder or the session is away: the mark is still to be made. */
export function unanswered(error: unknown): boolean {
  return error instanceof Refused && (error.status === 0 || error.status === 401 || error.status === 429 || error.status >= 502 || error.code === "bad-answer");
}

export class Marks {
  #waiting: Waiting[];
  #sending = false;
  readonly #settled = new Map<string, { done: (marked: Marked) => void; failed: (error: unknown) => void }>();

  constructor(
    readonly hearing: string,
    private readonly changed: () => void,
    private readonly post: Post = postJson,
    private readonly shelf: Shelf = sessionStorage,
    private readonly now: () => number = Date.now,
    private readonly again: (run: () => void) => void = (run) => void setTimeout(run, AGAIN_MS),
  ) {
    this.#waiting = this.#kept();
    if (this.#waiting.length > 0) void this.#send();
  }

  /** How many marks of this hearing wait. */
  get waiting(): number {
    return this.#waiting.filter((mark) => mark.hearing === this.hearing).length;
  }

  /** Make a mark now; settled when the recorder has written or refused it, however long that takes. */
  mark(kind: Kind, body: Record<string, unknown>): Promise<Marked> {
    const token = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#waiting.push({ hearing: this.hearing, kind, body, token, made_ms: this.now() });
    this.#keep();
    const settled = new Promise<Marked>((done, failed) => this.#settled.set(token, { done, failed }));
    void this.#send();
    return settled;
  }

  /** One after the other, in the order in which they were made. */
  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    for (let mark = this.#next(); mark; mark = this.#next()) {
      const ago = Math.max(0, Math.round(this.now() - mark.made_ms));
      const address = `/api/hearings/${encodeURIComponent(mark.hearing)}/marks/${mark.kind}`;
      try {
        const marked = (await this.post(address, { ...mark.body, token: mark.token, ago_ms: Math.min(ago, LONGEST_MS) })) as Marked;
        this.#done(mark);
        this.#settled.get(mark.token)?.done(marked);
      } catch (error) {
        if (unanswered(error) && ago < LONGEST_MS) {
          this.changed();
          this.again(() => {
            this.#sending = false;
            void this.#send();
          });
          return;
        }
        this.#done(mark);
        this.#settled.get(mark.token)?.failed(error);
      }
    }
    this.#sending = false;
  }

  #next(): Waiting | undefined {
    return this.#waiting.find((mark) => mark.hearing === this.hearing);
  }

  #done(mark: Waiting): void {
    this.#waiting = this.#waiting.filter((other) => other !== mark);
    this.#keep();
    this.changed();
  }

  #keep(): void {
    this.shelf.setItem(PLACE, JSON.stringify(this.#waiting));
  }

  #kept(): Waiting[] {
    try {
      const found: unknown = JSON.parse(this.shelf.getItem(PLACE) ?? "[]");
      return Array.isArray(found) ? (found as Waiting[]) : [];
    } catch {
      return [];
    }
  }
}
