/** Finding words in a text as people type them: case and accents of writing do not matter, ё is е. */

/** For comparison: lower case, one space between words, ё as е. */
export function fold(text: string): string {
  return text.normalize("NFC").toLocaleLowerCase("ru").replaceAll("ё", "е").replace(/\s+/g, " ").trim();
}

/** Whether a text holds what was typed, which was folded already. */
export function matches(text: string, folded: string): boolean {
  return fold(text).includes(folded);
}
