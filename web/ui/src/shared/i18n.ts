/**
 * Texts in the reader's language.
 *
 * The page carries them as JSON in `<script type="application/json" id="messages">` (web/pages.py); which texts an app needs,
 * build.mjs reads from the sources: so `t` is always called with a plain string, never a computed one.
 */

interface Messages {
  language: string;
  texts: Record<string, string>;
}

let loaded: Messages | undefined;

function messages(): Messages {
  if (!loaded) {
    const block = typeof document === "undefined" ? null : document.getElementById("messages");
    loaded = block?.textContent ? (JSON.parse(block.textContent) as Messages) : { language: "en", texts: {} };
  }
  return loaded;
}

/** For tests: other texts than the page's. */
export function useMessages(language: string, texts: Record<string, string>): void {
  loaded = { language, texts };
}

/** Language of the page: kk, ru or en. */
export function language(): string {
  return messages().language;
}

/** The text in the reader's language; `{name}` is replaced by `values.name`. */
export function t(text: string, values: Record<string, string | number> = {}): string {
  const found = messages().texts[text] ?? text;
  return found.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
