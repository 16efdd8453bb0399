/** Times and spans as the court reads them. Kazakhstan has one zone, UTC+5, since 1 March 2024 (as in web/i18n.py). */

const COURT_OFFSET_US = 5 * 3600 * 1_000_000;

/** Time of day in the court's zone, `09:30:05`, from UTC microseconds. */
export function timeOfDay(us: number): string {
  return new Date((us + COURT_OFFSET_US) / 1000).toISOString().slice(11, 19);
}

/** A span as `1:02:03`, or `2:03` under an hour; from microseconds, cut to whole seconds, never below zero. */
export function span(us: number): string {
  const seconds = Math.max(0, Math.floor(us / 1_000_000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60) % 60;
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
