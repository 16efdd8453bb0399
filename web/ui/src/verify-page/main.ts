/**
 * The verifier as one HTML file: open it, give it the folder of a record, see what it finds. It has no address to ask and needs no network.
 *
 * `build.mjs` puts this program, its style and the texts of all languages into web/static/build/verify.html.
 */
import { html, nothing, render, type TemplateResult } from "lit";

import { icon } from "../player/icons";
import { meaningOf, verdictOf } from "../shared/meanings";
import { t, useMessages } from "../shared/i18n";
import { DroppedSource, parseVerifierKey, verify, type Finding, type Progress, type Question, type Report } from "../verify/index";

const LANGUAGES = { kk: "Қазақша", ru: "Русский", en: "English" } as const;
type Language = keyof typeof LANGUAGES;

const QUESTIONS: readonly Question[] = ["integrity", "completeness", "provenance"];
const GOOD = ["intact", "complete", "complete-with-gaps", "redacted", "trusted"];
/** So many findings of one question are shown; a thousand altered lines help nobody. */
const MOST = 50;

const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}") as Record<Language, Record<string, string>>;
const main = document.querySelector("main") as HTMLElement;

/** What the page shows. */
const now = {
  language: languageOf(navigator.languages),
  keys: "",
  folder: null as DroppedSource | null,
  /** Folders of records in what was given; more than one are offered to choose from. */
  records: [] as string[],
  chosen: null as string | null,
  progress: null as Progress | null,
  report: null as Report | null,
  trouble: "",
  over: false,
};
let abort: AbortController | null = null;

function languageOf(wanted: readonly string[]): Language {
  const known = wanted.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES);
  return (known as Language | undefined) ?? "kk";
}

function draw(): void {
  useMessages(now.language, texts[now.language]);
  document.documentElement.lang = now.language;
  document.title = t("Verify a record");
  render(view(), main);
}

function view(): TemplateResult {
  return html`<div class="row">
      <h1>${t("Verify a record")}</h1>
      <div class="tongues" role="group" aria-label=${t("Language")}>${Object.entries(LANGUAGES).map(
        ([code, name]) =>
          html`<button class="quiet" lang=${code} aria-pressed=${code === now.language} @click=${() => speak(code as Language)}>${name}</button>`,
      )}</div>
    </div>
    <p>${t("This page checks the record of a hearing on this computer. Nothing is sent anywhere; it works without a network.")}</p>
    ${given()} ${trusted()} ${now.records.length > 1 ? several() : nothing} ${working()}
    <div aria-live="polite">${now.trouble ? html`<p class="alert" role="alert">${now.trouble}</p>` : nothing} ${now.report ? found(now.report) : nothing}</div>`;
}

function given(): TemplateResult {
  return html`<section
    class="card drop ${now.over ? "over" : ""}"
    @dragover=${(event: DragEvent) => over(event, true)}
    @dragleave=${(event: DragEvent) => over(event, false)}
    @drop=${dropped}
  >
    <h2>${t("1. The record")}</h2>
    <p>${t("Drop the folder of the record here, or choose it.")}</p>
    <label class="button primary" for="folder">${t("Choose the folder")}</label>
    <input class="hidden" type="file" id="folder" webkitdirectory multiple @change=${chosen} />
  </section>`;
}

function trusted(): TemplateResult {
  const wrong = keysOf(now.keys).filter((key) => parseVerifierKey(key) === null);
  return html`<section class="card">
    <h2>${t("2. Keys that you trust")}</h2>
    <label class="field" for="keys"><span>${t("Keys of devices and archives, one on each line, as the court publishes them")}</span>
      <textarea id="keys" rows="3" spellcheck="false" autocomplete="off" .value=${now.keys} aria-invalid=${wrong.length > 0} @input=${typed}></textarea></label>
    ${wrong.length > 0 ? html`<p class="alert">${t("This is not a key: {key}", { key: (wrong[0] ?? "").slice(0, 60) })}</p>` : nothing}
    <p class="hint">${t("A copy cannot vouch for itself: whose key signed it is told only by comparing it with a key that you have from elsewhere.")}</p>
  </section>`;
}

function several(): TemplateResult {
  return html`<section class="card">
    <h2>${t("Several records lie in this folder")}</h2>
    <div class="choices">${now.records.map(
      (prefix) => html`<button aria-pressed=${prefix === now.chosen} @click=${() => check(prefix)}>${prefix.replace(/\/$/, "") || "."}</button>`,
    )}</div>
  </section>`;
}

function working(): TemplateResult | typeof nothing {
  if (now.progress === null) return nothing;
  const percent = Math.round((100 * now.progress.done) / Math.max(1, now.progress.total));
  return html`<div class="progress"><progress max="100" value=${percent} aria-label=${t("Verifying")}></progress>
    <p class="hint">${t("{percent} % · {path}", { percent, path: now.progress.path })}</p>
    <button @click=${() => abort?.abort()}>${t("Stop verifying")}</button></div>`;
}

function found(report: Report): TemplateResult {
  const place = (now.chosen ?? "").replace(/\/$/, "");
  return html`<section class="card" id="report" data-good=${report.good}>
    <h2>${t("3. What was found")}</h2>
    <dl class="facts">
      <dt>${t("Hearing")}</dt><dd>${report.hearing || "–"}</dd>
      ${place ? html`<dt>${t("Folder")}</dt><dd>${place}</dd>` : nothing}
      <dt>${t("Key that signed")}</dt><dd><code>${report.device || "–"}</code></dd>
    </dl>
    <div class="answers">${QUESTIONS.map((question) => answer(report, question))}</div>
  </section>`;
}

function answer(report: Report, question: Question): TemplateResult {
  const asked = {
    integrity: t("Was anything changed?"),
    completeness: t("Is anything missing?"),
    provenance: t("Who signed it?"),
  }[question];
  const verdict = report[question];
  const good = GOOD.includes(verdict);
  const { title, text } = verdictOf(verdict);
  const said = verdict === "trusted" ? t("The key that signed is on your list.") : text;
  const items = report.findings.filter((finding: Finding) => finding.question === question);
  return html`<article class="answer" data-question=${question} data-verdict=${verdict}>
    <h3>${asked}</h3>
    <div class="result ${good ? "good" : "bad"}">
      <p class="verdict">${icon(good ? "good" : "bad")}<strong>${title}</strong></p>
      <p class="hint">${said}</p>
      ${items.length > 0 ? html`<ul class="findings">${items.slice(0, MOST).map(one)}</ul>` : nothing}
      ${items.length > MOST ? html`<p class="hint">${t("… and {number} more", { number: items.length - MOST })}</p>` : nothing}
    </div>
  </article>`;
}

function one({ code, severity, step, subject }: Finding): TemplateResult {
  return html`<li class=${severity}>${icon(severity === "fail" ? "bad" : "note")}<span>${meaningOf(code)}
    <small>${t("Step {step}", { step })} · <code>${subject}</code> · <code>${code}</code></small></span></li>`;
}

// What a person does

function speak(language: Language): void {
  now.language = language;
  draw();
}

function over(event: DragEvent, is: boolean): void {
  event.preventDefault();
  now.over = is;
  draw();
}

function typed(event: Event): void {
  now.keys = (event.target as HTMLTextAreaElement).value;
  if (now.chosen !== null && keysOf(now.keys).every((key) => parseVerifierKey(key) !== null)) void check(now.chosen);
  else draw();
}

const keysOf = (text: string): string[] => text.split(/\s+/).filter(Boolean);

function chosen(event: Event): void {
  const { files } = event.target as HTMLInputElement;
  if (files?.length) void take(DroppedSource.ofList(files));
}

async function dropped(event: DragEvent): Promise<void> {
  over(event, false);
  const entry = event.dataTransfer?.items[0]?.webkitGetAsEntry();
  if (entry?.isDirectory) return take(await DroppedSource.ofEntry(entry as FileSystemDirectoryEntry));
  now.trouble = t("This is not a folder. Give the whole folder of the record, not a file of it.");
  draw();
}

async function take(folder: DroppedSource): Promise<void> {
  now.folder = folder;
  now.records = folder.records();
  now.chosen = now.report = null;
  now.trouble = "";
  // A folder without a journal is looked at all the same: the verifier says what that means.
  if (now.records.length < 2) await check(now.records[0] ?? "");
  else draw();
}

async function check(prefix: string): Promise<void> {
  if (now.folder === null) return;
  abort?.abort();
  const own = (abort = new AbortController());
  now.chosen = prefix;
  now.report = null;
  now.trouble = "";
  now.progress = { path: "journal.jsonl", done: 0, total: 1 };
  draw();
  try {
    const onProgress = (progress: Progress): void => {
      if (abort !== own) return;
      now.progress = progress;
      draw();
    };
    const report = await verify(now.folder.below(prefix), keysOf(now.keys), { signal: own.signal, onProgress });
    if (abort === own) now.report = report;
  } catch (error) {
    if (abort === own && !own.signal.aborted) now.trouble = t("Not verified: {reason}", { reason: error instanceof Error ? error.message : String(error) });
  } finally {
    if (abort === own) {
      now.progress = null;
      draw();
    }
  }
}

draw();
