/** Times as the court reads them: UTC+5 all over Kazakhstan since 1 March 2024 (as web/i18n.py). */
const COURT_OFFSET_MS = 5 * 3_600_000;

const two = (value: number): string => String(value).padStart(2, "0");

/** `09:30:05` in the court's time. */
export function clockTime(at_us: number): string {
  const at = new Date(Math.floor(at_us / 1000) + COURT_OFFSET_MS);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** `23.11.2026` in the court's time. */
export function courtDate(at_us: number): string {
  const at = new Date(Math.floor(at_us / 1000) + COURT_OFFSET_MS);
  return `${two(at.getUTCDate())}.${two(at.getUTCMonth() + 1)}.${at.getUTCFullYear()}`;
}

/** `1:02:05` or `2:05`, whole seconds. */
export function span(length_us: number): string {
  const seconds = Math.floor(Math.max(0, length_us) / 1e6);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A length with tenths where it is short: `0.4`, `12`. */
export function seconds(length_us: number): string {
  const value = length_us / 1e6;
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
