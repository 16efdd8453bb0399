/** The text of the hearing: the way to the moment. A word clicked is a moment heard; what is heard is marked. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import { language, t } from "../shared/i18n";
import { PlayerElement } from "./base";
import type { Missing, Passage, Replay, Transcript as TranscriptFact } from "./model";
import { fold, matches } from "./search";
import { clockTime } from "./time";

/** Below this the engine itself was unsure (per mille). */
const UNSURE_PM = 500;
/** A word stays marked so long after its end, so that the mark does not flicker between words. */
const LINGER_US = 300_000;

@customElement("hattama-transcript")
export class Transcript extends PlayerElement {
  @property({ attribute: false }) replay!: Replay;
  private wanted = "";
  private found: readonly number[] = [];
  private at = -1;
  private follow = true;
  private spoken: HTMLElement | null = null;
  private words: readonly { element: HTMLElement; from: number; to: number }[] = [];
  protected cursor = 0;

  protected get passages(): readonly Passage[] {
    return this.replay.transcript?.passages ?? [];
  }

  protected override render(): TemplateResult {
    const { transcript } = this.replay;
    return html`<section class="card transcript" aria-labelledby="transcript-title">
      <div class="section-head"><h2 id="transcript-title">${t("Transcript")}</h2>
        <label class="check"><input type="checkbox" .checked=${this.follow} @change=${this.toggleFollow}>${t("Follow along")}</label>
      </div>
      ${transcript === null ? html`<p class="hint">${t("There is no transcript of this hearing yet.")}</p>` : this.text(transcript)}
    </section>`;
  }

  private text(transcript: TranscriptFact): TemplateResult {
    return html`${this.notices(transcript)}
      <search class="find">
        <input type="search" id="find" placeholder=${t("Find in the text")} aria-label=${t("Find in the text")}
          .value=${this.wanted} @input=${this.search} @keydown=${this.searchKey}>
        <span class="hint" role="status">${this.wanted ? t("{number} found", { number: this.found.length }) : nothing}</span>
        <button class="small" ?disabled=${this.found.length === 0} @click=${() => this.go(-1)} aria-label=${t("Previous place")}>↑</button>
        <button class="small" ?disabled=${this.found.length === 0} @click=${() => this.go(1)} aria-label=${t("Next place")}>↓</button>
      </search>
      <div class="passages" @click=${this.onClick} @keydown=${this.onKey}>
        ${this.passages.map((passage, i) => this.passage(passage, i))}
      </div>`;
  }

  protected notices(transcript: TranscriptFact): TemplateResult {
    const missing = transcript.missing.map((one) => html`<p class="alert warn">${advice(one)}</p>`);
    const demonstration = transcript.models.some((model) => model.demonstration);
    return html`${missing}
      ${demonstration ? html`<p class="alert warn">${t("A demonstration model wrote this text. It is not fit for court.")}</p>` : nothing}
      <p class="hint">${t("Written by a machine. The recording is the protocol: listen before you rely on a word.")}
        ${t("Dotted: the machine was not sure.")}</p>`;
  }

  private passage(passage: Passage, i: number): TemplateResult {
    const current = this.at >= 0 && this.found[this.at] === i;
    return html`<div class="passage ${passage.kind} ${current ? "found" : ""}" data-index=${i} lang=${passage.language ?? nothing}>
      <button class="quiet moment-button" tabindex=${i === this.cursor ? 0 : -1} data-us=${passage.start_us}>${clockTime(passage.start_us)}</button>
      <span class="speaker">${this.speaker(passage)}${this.mark(passage)}</span>
      <span class="said">${passage.kind === "speech" ? this.wordsOf(passage) : absence(passage)}</span>
      ${this.tools(passage, i)}
    </div>`;
  }

  /** What a page says of a passage beside its speaker. */
  protected mark(_passage: Passage): unknown {
    return nothing;
  }

  /** What a page offers to do with a passage. */
  protected tools(_passage: Passage, _index: number): unknown {
    return nothing;
  }

  /** A page's own keys in the text; whether one of them was pressed. */
  protected ownKey(_event: KeyboardEvent, _index: number): boolean {
    return false;
  }

  protected speaker(passage: Passage): string {
    const name = this.replay.participants.find((one) => one.id === passage.speaker)?.name;
    const label = this.replay.tracks.find((track) => track.source === passage.source)?.label ?? passage.source;
    const number = /^voice\/[^/]+\/([1-9]\d*)$/.exec(passage.speaker ?? "")?.[1];
    return name ?? (number === undefined ? label : t("{microphone}, voice {number}", { microphone: label, number }));
  }

  private wordsOf(passage: Passage): unknown {
    return passage.words.map((word) => {
      const unsure = word.edited_by === null && word.probability_pm !== null && word.probability_pm < UNSURE_PM;
      return html`<span class=${unsure ? "word unsure" : "word"} data-us=${word.start_us} data-end=${word.end_us}
        >${word.text}</span> `;
    });
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const words = [...this.querySelectorAll<HTMLElement>(".word")];
    this.words = words
      .map((element) => ({ element, from: Number(element.dataset.us), to: Number(element.dataset.end) }))
      .sort((a, b) => a.from - b.from);
  }

  /** The text does not depend on what else changes in the player. */
  protected override changed(): void {}

  /** Marks the word that is heard; only that word is touched, the text is not drawn again. */
  protected override moved(): void {
    const heard = this.wordAt(this.player.position_us);
    if (heard === this.spoken) return;
    this.spoken?.classList.remove("heard");
    this.spoken?.closest(".passage")?.classList.remove("now");
    this.spoken = heard;
    heard?.classList.add("heard");
    heard?.closest(".passage")?.classList.add("now");
    if (heard !== null && this.follow) this.show(heard);
  }

  /** The last word that began, if it is still heard: two people may speak at once. */
  private wordAt(at_us: number): HTMLElement | null {
    let [low, high] = [0, this.words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.words[middle]?.from ?? 0) <= at_us) low = middle + 1;
      else high = middle;
    }
    const last = this.words[low - 1];
    return last !== undefined && at_us < last.to + LINGER_US ? last.element : null;
  }

  /** Brings a passage into view, puts the focus on it and moves the player there. */
  goTo(index: number): void {
    const passage = this.passages[index];
    if (passage === undefined) return;
    this.choose(index);
    this.player.seek(passage.start_us);
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const button = this.querySelector<HTMLElement>(`.passage[data-index="${index}"] .moment-button`);
      button?.focus({ preventScroll: true });
      if (button !== null) this.show(button);
    });
  }

  /** Brings an element into the list's own window; the page itself does not move. */
  private show(element: HTMLElement): void {
    const list = this.querySelector(".passages");
    if (list === null) return;
    const [outer, inner] = [list.getBoundingClientRect(), element.getBoundingClientRect()];
    if (inner.top < outer.top + 30 || inner.bottom > outer.bottom - 60) {
      list.scrollTop += inner.top - outer.top - outer.height / 3;
    }
  }

  private readonly toggleFollow = (): void => {
    this.follow = !this.follow;
    this.requestUpdate();
  };

  private readonly onClick = (event: Event): void => {
    const target = (event.target as Element).closest<HTMLElement>("[data-us]");
    if (target === null) return;
    const passage = target.closest<HTMLElement>(".passage");
    this.choose(Number(passage?.dataset.index ?? 0));
    this.player.seek(Number(target.dataset.us));
    this.requestUpdate();
  };

  /** One stop of the Tab key for the whole text; the arrows go from passage to passage and from word to word. */
  private readonly onKey = (event: KeyboardEvent): void => {
    const here = document.activeElement as HTMLElement;
    const index = Number(here.closest<HTMLElement>(".passage")?.dataset.index ?? this.cursor);
    if (here.closest("textarea, select, input") !== null || this.ownKey(event, index)) return;
    const stops = [...this.querySelectorAll<HTMLElement>(`.passage[data-index="${index}"] [data-us]`)];
    const next = {
      ArrowDown: () => this.stop(index + 1),
      ArrowUp: () => this.stop(index - 1),
      ArrowRight: () => stops[stops.indexOf(here) + 1] ?? null,
      ArrowLeft: () => stops[stops.indexOf(here) - 1] ?? null,
    }[event.key];
    const enter = event.key === "Enter" && here.classList.contains("word");
    if (next === undefined && !enter) return;
    event.preventDefault();
    event.stopPropagation();
    if (enter) this.player.seek(Number(here.dataset.us));
    const target = next?.() ?? null;
    if (target === null) return;
    target.tabIndex = target.classList.contains("word") ? -1 : 0;
    target.focus();
  };

  /** The passage that the keys mean. */
  protected choose(index: number): void {
    this.cursor = index;
  }

  private stop(index: number): HTMLElement | null {
    const button = this.querySelector<HTMLElement>(`.passage[data-index="${index}"] .moment-button`);
    if (button !== null) {
      this.querySelector(".moment-button[tabindex='0']")?.setAttribute("tabindex", "-1");
      this.choose(index);
    }
    return button;
  }

  private readonly search = (event: Event): void => {
    this.wanted = (event.target as HTMLInputElement).value;
    const words = fold(this.wanted);
    const text = (passage: Passage): string => passage.words.map((word) => word.text).join(" ");
    this.found = words === "" ? [] : this.passages.flatMap((passage, i) => (matches(text(passage), words) ? [i] : []));
    this.at = -1;
    this.requestUpdate();
  };

  private readonly searchKey = (event: KeyboardEvent): void => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    this.go(event.shiftKey ? -1 : 1);
  };

  /** To the next or previous place found: shown, and the player moved there. */
  private go(by: number): void {
    if (this.found.length === 0) return;
    const from = this.at < 0 ? (by > 0 ? -1 : 0) : this.at;
    this.at = (from + by + this.found.length) % this.found.length;
    const index = this.found[this.at] ?? 0;
    const passage = this.passages[index];
    const word = passage?.words.find((one) => matches(one.text, fold(this.wanted))) ?? passage?.words[0];
    if (word !== undefined) this.player.seek(word.start_us);
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const shown = this.querySelector<HTMLElement>(`.passage[data-index="${index}"]`);
      if (shown !== null) this.show(shown);
    });
  }
}

function advice(missing: Missing): string {
  return { kk: missing.advice_kk, ru: missing.advice_ru }[language()] ?? missing.advice_en;
}

/** Why there are no words. */
function absence(passage: Passage): string {
  if (passage.kind === "gap") return t("Not recorded");
  if (passage.kind === "missing_model") return t("Speech; no model for this language is installed ({language}).", { language: passage.language ?? "" });
  return t("Speech that was not made out.");
}
