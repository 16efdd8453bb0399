/** A list that is one stop of the Tab key: where its arrows go. */

/**
 * Number of the entry that a key leads to.
 *
 * @param key of the event
 * @param here number of the entry that has the focus
 * @param count of entries
 * @returns null: the key means nothing in a list
 */
export function nextStop(key: string, here: number, count: number): number | null {
  const last = count - 1;
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: last }[key];
  return next === undefined ? null : Math.max(0, Math.min(next, last));
}
