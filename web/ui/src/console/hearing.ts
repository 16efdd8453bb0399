/** `<ht-hearing>`: the hearing's page. It asks, shows and passes on; what is true is the recorder's to say. */

import { LitElement, html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { Refused, postJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { pageData } from "../shared/page.js";
import { banner } from "./banner.js";
import { Marks, type Marked } from "./marks.js";
import type { PageData, StageKind } from "./context.js";
import { closedStrip } from "./closed.js";
import { Ask, asks } from "./dialogs.js";
import type { People, Told } from "./people.js";
import "./people.js";
import { commandOf, stageKeyOf, takesText } from "./keys.js";
import { Live, type Levels } from "./live.js";
import type { Meter } from "./meter.js";
import { phaseOf, type Entry, type Phase } from "./model.js";
import { UNDO_MS, reminder, undoBar, type Undo } from "./undo.js";
import { afterPanel, devicesPanel, findingsPanel, logPanel } from "./panels.js";
import { stagesPanel } from "./stages.js";
import { wordsPanel } from "./words_panel.js";

type Act = "start" | "pause" | "resume" | "stop";

const KEYS_CHOICE = "hattama-one-key";

@customElement("ht-hearing")
export class HearingPage extends LitElement {
  @state() private busy: Act | undefined;
  @state() private problem: { message: string; advice: string } | undefined;
  @state() private keys = localStorage.getItem(KEYS_CHOICE) !== "off";
  @state() private said = "";
  @query("ht-ask") private ask!: Ask;
  @query("ht-people") private people!: People;
  @query("#remark") private remarkBox!: HTMLTextAreaElement;
  readonly #data = pageData<PageData>();
  readonly #live = new Live(this.#data.view, this.#data.status, this.#data.sending);
  readonly #marks = new Marks(this.#data.view.hearing, () => this.requestUpdate());
  @state() private undo: Undo | undefined;

  constructor() {
    super();
    this.#live.addEventListener("change", () => {
      this.#quietMeters();
      this.requestUpdate();
    });
    this.#live.addEventListener("levels", (event) => this.#levels((event as CustomEvent<Levels>).detail));
    window.addEventListener("keydown", (event) => this.#key(event));
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.replaceChildren();
    this.#live.connect();
  }

  /** What comes after a hearing is offered when it is over. */
  protected override updated(): void {
    if (this.#phase === "over") document.querySelector(".page-links")?.removeAttribute("hidden");
  }

  get #phase(): Phase {
    return phaseOf(this.#live.view, this.#live.status, this.#live.fresh);
  }

  /** Stages and remarks are taken once the hearing runs, its pauses included; also while the recorder is not heard of, for a mark waits until it is written. */
  get #marking(): boolean {
    const known = phaseOf(this.#live.view, this.#live.status, true);
    return this.#data.mayOperate && ["recording", "not-recording", "paused", "faulty"].includes(known);
  }

  /** What is being asked of the recorder, settled once it answered and the page was told. */
  #acting: Promise<void> = Promise.resolve();

  #address(rest: string): string {
    return `/api/hearings/${encodeURIComponent(this.#live.view.hearing)}/${rest}`;
  }

  /** A device that gives no data has no level, whatever its meter showed last. */
  #quietMeters(): void {
    const live = new Set(this.#live.status.sources.filter((source) => source.state === "ready" || source.state === "recording").map((source) => source.name));
    for (const meter of this.querySelectorAll<Meter>("ht-meter")) {
      meter.off = !this.#live.fresh || !live.has(meter.dataset["source"] ?? "");
    }
  }

  #levels(levels: Levels): void {
    for (const meter of this.querySelectorAll<Meter>("ht-meter")) {
      const level = levels[meter.dataset["source"] ?? ""];
      if (level) meter.show(...level);
    }
  }

  #key(event: KeyboardEvent): void {
    if (this.ask.open || this.people.open || !this.#data.mayOperate) return;
    const command = commandOf(event);
    if (command) {
      event.preventDefault();
      if (command === "remark") this.remarkBox?.focus();
      else if (command === "undo") void this.#undo();
      else if (command === "pause") void this.#pauseOrResume();
      else if (command === "stop") void this.#stop();
      else if (this.#phase === "planned") void this.#act("start");
      return;
    }
    if (!this.keys || !this.#marking || takesText(event.target)) return;
    const key = stageKeyOf(event);
    const stage = key && this.#data.stages.find((one) => one.key === key);
    if (stage) {
      event.preventDefault();
      void this.#mark(stage);
    }
  }

  async #try(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      this.problem = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem = { message: error.message, advice: error.advice };
      return false;
    }
  }

  async #act(act: Act): Promise<void> {
    if (this.busy) return;
    this.busy = act;
    this.#acting = this.#try(() => postJson(this.#address(act))).then(() => this.#live.refresh());
    await this.#acting;
    this.busy = undefined;
  }

  async #pauseOrResume(): Promise<void> {
    const phase = this.#phase;
    if (phase === "recording" || phase === "not-recording") await this.#act("pause");
    else if (phase === "paused" || phase === "faulty") await this.#act("resume");
  }

  async #stop(): Promise<void> {
    if (["planned", "over"].includes(this.#phase) || this.busy === "stop") return;
    if (!(await this.ask.finish())) return;
    await this.#acting; // pressed right after a pause: its answer may still be on the way, and finishing must not be lost
    await this.#act("stop");
  }

  async #mark(stage: StageKind): Promise<void> {
    const people = this.#live.view.participants;
    const mark = asks(stage, people) ? await this.ask.mark(stage) : { code: stage.code, participant: null, note: "" };
    if (mark) await this.#say("stage", { ...mark }, stage.title, t("Marked: {stage}", { stage: stage.title }));
  }

  async #remark(event: Event): Promise<void> {
    event.preventDefault();
    const text = this.remarkBox.value.trim();
    if (!text) return;
    this.remarkBox.value = ""; // it is kept until the recorder has written it, and comes back if it refuses
    if (!(await this.#say("remark", { text }, t("Remark"), t("Remark saved"))) && !this.remarkBox.value) this.remarkBox.value = text;
  }

  /** Make a mark; whether the recorder wrote it. It may be taken back for ten seconds. */
  async #say(kind: "stage" | "remark", body: Record<string, unknown>, title: string, said: string): Promise<boolean> {
    let marked: Marked | undefined;
    if (!(await this.#try(async () => (marked = await this.#marks.mark(kind, body)))) || !marked) return false;
    this.said = said;
    if (!["CLOSED_START", "CLOSED_END"].includes(String(body["code"]))) this.undo = { line: marked.seq, title, until: performance.now() + UNDO_MS };
    return true;
  }

  async #undo(): Promise<void> {
    const undo = this.undo;
    if (!undo || performance.now() > undo.until) return;
    this.undo = undefined;
    if (await this.#try(() => postJson(this.#address("marks/withdraw"), { line: undo.line }))) this.said = t("Taken back: {who}", { who: undo.title });
  }

  async #correct(entry: Entry, title: string): Promise<void> {
    const found = await this.ask.correct(title, entry.text);
    if (!found) return;
    if (found.back) await this.#try(() => postJson(this.#address("marks/withdraw"), { line: entry.seq, reason: found.reason }));
    else if (entry.kind === "stage") await this.#say("stage", { code: entry.code, participant: entry.participant ?? null, note: found.text, replaces: entry.seq }, title, title);
    else if (found.text) await this.#say("remark", { text: found.text, replaces: entry.seq }, title, title);
  }

  /** Tell the recorder who joins or leaves; what it refused with. */
  async #tell(told: Told): Promise<string | undefined> {
    try {
      await postJson(this.#address("participants"), told);
      this.said = t("Saved");
      return undefined;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return `${error.message} ${error.advice}`.trim();
    }
  }

  /** Put a ready phrase where the remark is typed; Enter there saves it. */
  #phrase(chosen: HTMLSelectElement): void {
    const box = this.remarkBox;
    box.value = [box.value.trimEnd(), chosen.value].filter(Boolean).join(" ") + (chosen.value.endsWith(":") ? " " : "");
    chosen.value = "";
    box.focus();
  }

  #remarkKey(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) void this.#remark(event);
    else if (event.key === "Escape") this.remarkBox.blur();
  }

  #chooseKeys(on: boolean): void {
    this.keys = on;
    localStorage.setItem(KEYS_CHOICE, on ? "on" : "off");
  }

  protected override render(): TemplateResult {
    const { view, status } = this.#live;
    const phase = this.#phase;
    const over = phase === "over";
    const fresh = this.#live.fresh;
    // What the devices did a while ago is nothing to show as if it were so now.
    const sources = fresh ? status.sources : status.sources.map((source) => ({ ...source, state: "unknown" as const }));
    const stateWord = this.#data.states[view.state] ?? view.state;
    return html`
      ${banner(phase, this.#live, stateWord, this.#data.mayOperate ? this.#actions(phase) : nothing)}
      ${this.problem ? html`<div class="alert" role="alert"><strong>${this.problem.message}</strong> ${this.problem.advice}</div>` : nothing}
      ${closedStrip(status, fresh, over)}
      ${this.#live.sending ? html`<p class="hint sending">${this.#live.sending}</p>` : nothing}
      ${over || !fresh ? nothing : findingsPanel(status.findings)}
      ${this.#data.mayOperate ? reminder(phase, view, this.#data) : nothing}
      ${over || phase === "planned" ? nothing : undoBar(this.undo, this.#marks.waiting, () => void this.#undo())}
      ${this.#marking ? html`<p class="people-row"><button type="button" data-act="people" @click=${() => void this.people.ask()}>${t("Somebody joins or leaves")}…</button></p>` : nothing}
      <div class="room ${over ? "is-over" : ""} ${phase === "planned" ? "is-planned" : ""}">
        ${over ? afterPanel(this.#data, view, status.missing_models, this.#live.progress) : devicesPanel(this.#data, view, sources)}
        ${over || phase === "planned"
          ? nothing
          : stagesPanel({
              stages: this.#data.stages,
              marked: view.stages,
              enabled: this.#marking,
              keys: this.keys,
              onMark: (stage) => void this.#mark(stage),
              onKeys: (on) => this.#chooseKeys(on),
            })}
        ${phase === "planned" ? nothing : html`<div class="side">${over || !this.#data.mayOperate ? nothing : this.#remarkForm()} ${logPanel(this.#data, view, this.#marking ? (entry, title) => void this.#correct(entry, title) : undefined)}</div>`}
        ${this.#words(over)}
      </div>
      <p class="hidden" aria-live="polite">${this.said}</p>
      <ht-ask .data=${this.#data} .people=${view.participants}></ht-ask>
      <ht-people .data=${this.#data} .view=${view} .microphones=${status.sources.filter((source) => source.media === "audio")} .send=${(told: Told) => this.#tell(told)}></ht-people>
    `;
  }

  /** Live words, until the transcript is there. */
  #words(over: boolean): TemplateResult | typeof nothing {
    const { view, words } = this.#live;
    if (!words || view.revisions.some((revision) => revision.kind === "transcript")) return nothing;
    return wordsPanel(this.#data, view, words, !over && this.#live.status.recording && this.#live.fresh);
  }

  #remarkForm(): TemplateResult {
    return html`
      <form class="card remark" @submit=${(event: Event) => this.#remark(event)}>
        <label for="remark"><h2>${t("Remark")} <kbd>F2</kbd></h2></label>
        <textarea id="remark" rows="2" maxlength="2000" ?disabled=${!this.#marking} @keydown=${(event: KeyboardEvent) => this.#remarkKey(event)}
          placeholder=${t("What to remember at this second")}></textarea>
        <label class="hidden" for="phrase">${t("Ready phrases")}</label>
        <select id="phrase" ?disabled=${!this.#marking} @change=${(event: Event) => this.#phrase(event.target as HTMLSelectElement)}>
          <option value="">${t("Ready phrases")}</option>
          ${this.#data.phrases.map((phrase) => html`<option>${phrase}</option>`)}
        </select>
        <button ?disabled=${!this.#marking}>${t("Save")} <kbd>Enter</kbd></button>
      </form>
    `;
  }

  #actions(phase: Phase): TemplateResult {
    const button = (act: Act, kind: string, text: string, key: string, run: () => void): TemplateResult =>
      html`<button class="act ${kind}" data-act=${act} ?disabled=${this.busy !== undefined} aria-keyshortcuts=${key} @click=${run}>
        ${this.busy === act ? t("One moment…") : text} <kbd>${key}</kbd>
      </button>`;
    const pause = button("pause", "", t("Pause"), "F4", () => void this.#act("pause"));
    const resume = button("resume", "go", t("Continue recording"), "F4", () => void this.#act("resume"));
    const stop = button("stop", "", t("Finish"), "F8", () => void this.#stop());
    switch (phase) {
      case "planned":
        return button("start", "go", t("Start recording"), "F9", () => void this.#act("start"));
      case "recording":
      case "not-recording":
        return html`${pause}${stop}`;
      case "paused":
      case "faulty":
        return html`${resume}${stop}`;
      default:
        return html``;
    }
  }
}
