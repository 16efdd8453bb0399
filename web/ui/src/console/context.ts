/** What the page was given: the hearing, its stages, the words for roles and states, and whether this person may act. */

import type { Participant, Status, View } from "./model.js";

export interface StageKind {
  code: string;
  title: string;
  citation: string;
  key: string | null;
  person: boolean;
}

export interface PageData {
  view: View;
  status: Status;
  stages: StageKind[];
  roles: Record<string, string>;
  states: Record<string, string>;
  sourceStates: Record<string, string>;
  mayOperate: boolean;
  archive: string | null;
  /** How far the record is on its way to the archive; empty where nobody said. */
  sending: string;
  /** Ready phrases for remarks, in the language of the proceedings. */
  phrases: string[];
}

/** A participant as the page names them: `Истец: Ахметова А. С.` */
export function personName(data: PageData, person: Participant | undefined): string {
  if (!person) return "";
  const role = data.roles[person.role] ?? person.role;
  return person.name ? `${role}: ${person.name}` : role;
}
