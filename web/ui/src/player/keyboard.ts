/** Keys that work everywhere on the page; a person may switch them off (WCAG 2.2, 2.1.4). */
import { RATES, type Player } from "./player";

const STORED = "hattama-replay-keys";

/** Elements in which a letter is text and an arrow moves something of their own. */
const OWN_KEYS = "input:not([type=range], [type=checkbox]), select, textarea, [contenteditable]";
const OWN_ARROWS = "input[type=range]";
const OWN_SPACE = "button, a, summary, input[type=checkbox]";

export function keysAreOn(): boolean {
  return localStorage.getItem(STORED) !== "off";
}

export function switchKeys(on: boolean): void {
  localStorage.setItem(STORED, on ? "on" : "off");
}

export function listen(player: Player): void {
  document.addEventListener("keydown", (event) => {
    if (!keysAreOn() || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    const here = event.target instanceof Element ? event.target : document.body;
    if (here.closest(OWN_KEYS) !== null) return;
    if (event.key.startsWith("Arrow") && here.closest(OWN_ARROWS) !== null) return;
    if (event.code === "Space" && here.closest(OWN_SPACE) !== null) return;
    if (act(player, event)) event.preventDefault();
  });
}

/** By the key's place and not its letter: the Kazakh and the Russian layout have others there. */
function act(player: Player, event: KeyboardEvent): boolean {
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
  if (digit !== undefined) {
    const track = player.microphones[Number(digit) - 1];
    player.setSolo(digit === "0" || track === undefined ? null : track.source.source);
    return true;
  }
  const faster = (by: number): void => {
    const next = RATES[RATES.findIndex((rate) => rate === player.rate) + by];
    if (next !== undefined) player.setRate(next);
  };
  const acts: Record<string, () => void> = {
    Space: () => player.toggle(),
    KeyK: () => player.toggle(),
    KeyJ: () => player.skip(-10e6),
    KeyL: () => player.skip(10e6),
    ArrowLeft: () => player.skip(-5e6),
    ArrowRight: () => player.skip(5e6),
    Comma: () => faster(-1),
    Period: () => faster(1),
  };
  const found = acts[event.code];
  found?.();
  return found !== undefined;
}
