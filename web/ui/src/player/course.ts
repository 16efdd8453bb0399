/** The course of the hearing: takes, stages, remarks and gaps in order, each moving the player. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import { t } from "../shared/i18n";
import { PlayerElement } from "./base";
import { causeOf } from "../shared/causes";
import type { PageData, Replay } from "./model";
import { nextStop } from "./stops";
import { clockTime, seconds } from "./time";

interface Event {
  readonly at_us: number;
  readonly kind: "take" | "stage" | "remark" | "gap";
  readonly title: string;
  readonly text: string;
}

@customElement("hattama-course")
export class Course extends PlayerElement {
  @property({ attribute: false }) replay!: Replay;
  @property({ attribute: false }) page!: PageData;
  private events: readonly Event[] = [];
  private current = -1;
  /** The entry that the Tab key comes to; until the arrows have moved it, the one that the moment is in. */
  private cursor = -1;

  protected override willUpdate(): void {
    if (this.events.length === 0) this.events = eventsOf(this.replay, this.page);
    this.current = this.find();
  }

  protected override moved(): void {
    if (this.find() !== this.current) this.requestUpdate();
  }

  /** Number of the last stage that began before the moment. */
  private find(): number {
    const now = this.player.position_us;
    return this.events.findLastIndex((event) => event.kind === "stage" && event.at_us <= now);
  }

  protected override render(): TemplateResult {
    return html`<section class="card course" aria-labelledby="course-title">
      <h2 id="course-title">${t("Course of the hearing")}</h2>
      ${this.events.length === 0 ? html`<p class="hint">${t("Nothing was marked.")}</p>` : nothing}
      <ol @keydown=${this.onKey}>${this.events.map((event, i) => this.row(event, i))}</ol>
    </section>`;
  }

  private row(event: Event, i: number): TemplateResult {
    const current = i === this.current;
    const stop = i === (this.cursor < 0 ? Math.max(this.current, 0) : this.cursor);
    return html`<li class=${event.kind}>
      <button tabindex=${stop ? 0 : -1} @click=${() => this.go(event, i)} aria-current=${current ? "true" : nothing}>
        <time>${clockTime(event.at_us)}</time>
        <span><span class="event-title">${event.title}</span>${event.text ? html`<small>${event.text}</small>` : nothing}</span>
      </button></li>`;
  }

  private go(event: Event, i: number): void {
    this.cursor = i;
    this.player.seek(event.at_us);
    this.requestUpdate();
  }

  /** One stop of the Tab key for the whole course; arrows, Home and End go from entry to entry. */
  private readonly onKey = (event: KeyboardEvent): void => {
    const buttons = [...this.querySelectorAll<HTMLButtonElement>("li button")];
    const here = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const next = nextStop(event.key, here, buttons.length);
    if (here < 0 || next === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.cursor = next;
    this.requestUpdate();
    buttons[next]?.focus();
  };
}

function eventsOf(replay: Replay, page: PageData): Event[] {
  const person = (id: string | null): string => replay.participants.find((one) => one.id === id)?.name ?? "";
  const takes = replay.takes.map((take, i): Event => {
    const closed = take.publicity === "closed" ? t("Closed part") : "";
    return { at_us: take.start_us, kind: "take", title: t("Take {number}", { number: i + 1 }), text: closed };
  });
  const stages = replay.stages.map((stage): Event => {
    const text = [person(stage.participant), stage.note].filter(Boolean).join(": ");
    return { at_us: stage.at_us, kind: "stage", title: page.stages[stage.code] ?? stage.code, text };
  });
  const remarks = replay.remarks.map((remark): Event => {
    return { at_us: remark.at_us, kind: "remark", title: t("Remark"), text: remark.text };
  });
  return [...takes, ...stages, ...remarks, ...gapsOf(replay)].sort((a, b) => a.at_us - b.at_us);
}

/** One event for what was lost at the same time for the same reason, however many sources it struck. */
function gapsOf(replay: Replay): Event[] {
  const labels = new Map(replay.tracks.map((track) => [track.source, track.label]));
  const found = new Map<string, { from: number; to: number; cause: string; names: Set<string> }>();
  for (const gap of replay.gaps) {
    const key = `${gap.cause} ${Math.round(gap.from_us / 2e6)}`;
    const one = found.get(key) ?? { from: gap.from_us, to: gap.to_us, cause: gap.cause, names: new Set() };
    one.from = Math.min(one.from, gap.from_us);
    one.to = Math.max(one.to, gap.to_us);
    one.names.add(labels.get(gap.source) ?? gap.source);
    found.set(key, one);
  }
  return [...found.values()].map(({ from, to, cause, names }): Event => {
    const title = t("Not recorded for {seconds} s: {cause}", { seconds: seconds(to - from), cause: causeOf(cause) });
    return { at_us: from, kind: "gap", title, text: [...names].join(", ") };
  });
}
