/**
 * Keys of the hearing's page. Function keys act always; the one-key stages only where no text is being typed, and they can be switched off
 * (WCAG 2.2, 2.1.4). Keys are physical, so that the same finger works in the Kazakh, Russian and Latin layouts.
 */

export type Command = "remark" | "pause" | "stop" | "start" | "undo";

const COMMANDS: Record<string, Command> = { F2: "remark", F6: "undo", F4: "pause", F8: "stop", F9: "start" };

export interface Pressed {
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  repeat: boolean;
}

/** The command of a function key, if it is one. */
export function commandOf(key: Pressed): Command | undefined {
  if (key.ctrlKey || key.altKey || key.metaKey || key.shiftKey || key.repeat) return undefined;
  return COMMANDS[key.code];
}

/** The stage key that was pressed: `0`–`9` or `A`–`Z`, from either row of digits. */
export function stageKeyOf(key: Pressed): string | undefined {
  if (key.ctrlKey || key.altKey || key.metaKey || key.shiftKey || key.repeat) return undefined;
  return /^(?:Key([A-Z])|(?:Digit|Numpad)([0-9]))$/.exec(key.code)?.slice(1).find(Boolean);
}

/** Whether the element takes text, so that a letter is a letter. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}
