/** Completeness and quality of the recording, and the presiding judge's decision about it (УПК 347-1(2-1)). */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { clockTime, courtDate } from "../player/time";
import { getJson, postJson } from "../shared/http";
import { t } from "../shared/i18n";
import { AskingElement } from "./asking";
import type { PageData } from "./model";

interface Sound {
  readonly peak_cdb: number;
  readonly loud_cdb: number;
  readonly quiet_cdb: number;
  readonly clipped_ppm: number;
  readonly silent_s: number;
}

interface Source {
  readonly source: string;
  readonly media: "audio" | "video";
  readonly label: string;
  readonly codec: string;
  readonly rate: number;
  readonly recorded_s: number;
  readonly missing_s: number;
  readonly drift_ms: number;
  readonly sound: Sound | null;
  readonly snr_cdb: number | null;
  readonly fps: number | null;
  readonly short: readonly string[];
}

interface Judged {
  readonly at_us: number;
  readonly by: string;
  readonly accepted: boolean;
  readonly reason: string;
}

interface Answer {
  readonly report: {
    readonly good: boolean;
    readonly profile: { readonly name: string; readonly version: number; readonly order: string; readonly date: string };
    readonly sources: readonly Source[];
  };
  readonly judged: Judged | null;
}

@customElement("hattama-quality")
export class Quality extends AskingElement {
  @property({ attribute: false }) page!: PageData;
  @property({ attribute: false }) onJudged: () => void = () => undefined;
  @state() private answer: Answer | null = null;

  protected override render(): TemplateResult {
    return html`<section class="card quality" aria-labelledby="quality-title">
      <h2 id="quality-title">${t("Completeness and quality of the recording")}</h2>
      ${this.problem ? html`<p class="alert" role="alert">${this.problem}</p>` : nothing}
      ${this.answer === null
        ? html`<p class="hint">${t("The whole sound is decoded and measured; for a long hearing this takes minutes.")}</p>
            <button id="measure" ?disabled=${this.busy || !this.page.mayEdit} @click=${this.measure}>${this.busy ? t("Measuring…") : t("Measure the recording")}</button>`
        : this.report(this.answer)}
    </section>`;
  }

  private report({ report, judged }: Answer): TemplateResult {
    const { name, version, order, date } = report.profile;
    return html`<p role="status"><span class="chip ${report.good ? "good" : "warn"}">${report.good ? t("Nothing falls short of the requirements") : t("Something falls short of the requirements")}</span></p>
      <p class="hint">${t("Requirements profile: {name}, version {version}", { name, version })}${order ? `, ${order}` : nothing}${date ? `, ${date}` : nothing}</p>
      ${this.table(t("Microphones"), report.sources.filter((one) => one.media === "audio"))}
      ${this.table(t("Cameras"), report.sources.filter((one) => one.media === "video"))}
      ${judged === null ? nothing : this.decision(judged)}
      ${this.page.mayDecide && this.page.mayEdit ? this.form() : nothing}`;
  }

  private table(title: string, sources: readonly Source[]): TemplateResult | typeof nothing {
    if (sources.length === 0) return nothing;
    const sound = sources[0]?.media === "audio";
    return html`<div class="wide-table" tabindex="0" role="region" aria-label=${title}><table><caption>${title}</caption>
      <thead><tr><th scope="col">${t("Source")}</th><th scope="col">${t("Recorded")}</th>
        ${sound
          ? html`<th scope="col">${t("Level")}</th><th scope="col">${t("Noise")}</th><th scope="col">${t("Signal to noise")}</th><th scope="col">${t("Cut tops")}</th><th scope="col">${t("No sound at all")}</th>`
          : html`<th scope="col">${t("Pictures a second")}</th>`}
        <th scope="col">${t("Missing")}</th><th scope="col">${t("Off its time")}</th><th scope="col">${t("Finding")}</th></tr></thead>
      <tbody>${sources.map((one) => this.row(one))}</tbody></table></div>`;
  }

  private row(one: Source): TemplateResult {
    const db = (cdb: number): string => t("{value} dB", { value: (cdb / 100).toFixed(1) });
    const s = (value: number): string => t("{value} s", { value: value.toFixed(1) });
    const { sound } = one;
    const cells = one.media === "video"
      ? html`<td>${one.fps ?? "–"}</td>`
      : sound === null
        ? html`<td>–</td><td>–</td><td>–</td><td>–</td><td>–</td>`
        : html`<td>${db(sound.loud_cdb)}</td><td>${db(sound.quiet_cdb)}</td><td>${db(one.snr_cdb ?? 0)}</td><td>${(sound.clipped_ppm / 10_000).toFixed(3)} %</td><td>${s(sound.silent_s)}</td>`;
    return html`<tr><th scope="row">${one.label}</th><td>${s(one.recorded_s)}</td>${cells}<td>${s(one.missing_s)}</td><td>${t("{value} ms", { value: one.drift_ms.toFixed(1) })}</td>
      <td class=${one.short.length > 0 ? "bad" : ""}>${one.short.length === 0 ? t("in order") : one.short.map((code) => shortOf(code)).join("; ")}</td></tr>`;
  }

  private decision(judged: Judged): TemplateResult {
    const said = judged.accepted ? t("The recording was accepted") : t("The recording was rejected: {reason}", { reason: judged.reason });
    return html`<p class="judged"><strong>${said}</strong> <span class="hint">${judged.by} · ${courtDate(judged.at_us)}, ${clockTime(judged.at_us)}</span></p>`;
  }

  private form(): TemplateResult {
    return html`<form class="decide" @submit=${(event: Event) => event.preventDefault()}>
      <label for="why">${t("Reason, if the recording is rejected")}</label>
      <textarea id="why" rows="2" maxlength="2000"></textarea>
      <div class="tools">
        <button class="primary" id="accept" ?disabled=${this.busy} @click=${() => void this.decide(true)}>${t("Accept the recording")}</button>
        <button id="reject" ?disabled=${this.busy} @click=${() => void this.decide(false)}>${t("Reject, and make the full protocol")}</button>
      </div></form>`;
  }

  private readonly measure = (): void => void this.try(async () => {
    this.answer = await getJson<Answer>(`${this.page.base}/quality`);
  });

  private async decide(accepted: boolean): Promise<void> {
    const box = this.querySelector<HTMLTextAreaElement>("#why");
    const reason = box?.value.trim() ?? "";
    if (!accepted && reason === "") {
      this.problem = t("Say why the recording is rejected.");
      box?.focus();
      return;
    }
    await this.try(async () => {
      const { judged } = (await postJson(`${this.page.base}/quality`, { accepted, reason: accepted ? "" : reason })) as { judged: Judged };
      if (this.answer !== null) this.answer = { ...this.answer, judged };
      this.onJudged();
    });
  }
}

/** What falls short, in words; an unknown code is shown as it is. */
function shortOf(code: string): string {
  const known: Record<string, () => string> = {
    "nothing-recorded": () => t("nothing was recorded"),
    missing: () => t("too much is missing"),
    sync: () => t("sound and picture may be apart"),
    unread: () => t("a file did not read back as it was captured"),
    codec: () => t("another coding than required"),
    fps: () => t("too few pictures a second"),
    rate: () => t("too few samples a second"),
    undecoded: () => t("the sound cannot be decoded"),
    silent: () => t("no sound at all"),
    quiet: () => t("too quiet"),
    noise: () => t("too much noise"),
    clipped: () => t("too loud, tops are cut"),
  };
  return known[code]?.() ?? code;
}
