/** The parts of the hearing's page that only show: what is wrong, devices, the running log, what became of it. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { timeOfDay } from "../shared/format.js";
import { t } from "../shared/i18n.js";
import { personName, type PageData } from "./context.js";
import { entriesOf, type Entry, type Finding, type SourceStatus, type View } from "./model.js";
import { progressText, type Progress } from "./words.js";
import "./meter.js";
import "./picture.js";

/** What is wrong, worst first, each with what to do. */
export function findingsPanel(findings: Finding[]): TemplateResult | typeof nothing {
  if (findings.length === 0) return nothing;
  return html`
    <section class="findings" aria-label=${t("What is wrong")}>
      ${repeat(
        findings,
        (finding) => `${finding.code} ${finding.source}`,
        (finding) => html`<div class="finding ${finding.severity}" role="alert"><strong>${finding.message}</strong> <span>${finding.advice}</span></div>`,
      )}
    </section>
  `;
}

/** Microphones with their meters and who sits at them, cameras with their pictures. A pause closes them all: nobody listens in. */
export function devicesPanel(data: PageData, view: View, sources: SourceStatus[]): TemplateResult {
  const paused = view.state === "paused";
  const microphones = sources.filter((source) => source.media === "audio");
  const cameras = sources.filter((source) => source.media === "video");
  return html`
    <section class="card devices" aria-label=${t("Microphones and cameras")}>
      <div>
        <h2>${t("Microphones")} ${paused ? nothing : tally(microphones)}</h2>
        ${microphones.length === 0 ? html`<p class="empty">${t("No microphone is set up.")}</p>` : nothing}
        <ul class="microphones">
          ${repeat(microphones, (source) => source.name, (source) => microphone(data, view, source))}
        </ul>
      </div>
      <div>
        <h2>${t("Cameras")} ${paused ? nothing : tally(cameras)}</h2>
        ${cameras.length === 0 ? html`<p class="empty">${t("No camera is set up.")}</p>` : nothing}
        <ul class="cameras">
          ${repeat(
            cameras,
            (source) => source.name,
            (source) => html`<li class="device ${source.state}">
              <ht-picture .source=${source.name} .label=${source.label || source.name}></ht-picture>
              <span class="device-name">${source.label || source.name}</span>${chip(data, source, paused)}
            </li>`,
          )}
        </ul>
      </div>
    </section>
  `;
}

function microphone(data: PageData, view: View, source: SourceStatus): TemplateResult {
  const seat = view.seats.find((one) => one.source === source.name);
  const person = view.participants.find((one) => one.id === seat?.participant);
  const label = source.label || source.name;
  return html`<li class="device ${source.state}">
    <span class="device-name">${label}${person ? html`<span class="device-person">${personName(data, person)}</span>` : nothing}</span>${chip(data, source, view.state === "paused")}
    <ht-meter data-source=${source.name} .label=${label}></ht-meter>
  </li>`;
}

function tally(sources: SourceStatus[]): TemplateResult | typeof nothing {
  if (sources.some((source) => source.state === "unknown")) return nothing;
  const good = sources.filter((source) => source.state === "ready" || source.state === "recording").length;
  return html`<span class="tally ${good < sources.length ? "short" : ""}">${t("{good} of {all} give data", { good, all: sources.length })}</span>`;
}

function chip(data: PageData, source: SourceStatus, paused: boolean): TemplateResult {
  if (paused && source.state === "absent") return html`<span class="chip">${t("Off in the pause")}</span>`;
  const kind = { absent: "bad", lost: "bad", ready: "good", recording: "recording", unknown: "" }[source.state];
  return html`<span class="chip ${kind}">${data.sourceStates[source.state] ?? source.state}</span>`;
}

/** What is done about a mark that is wrong. */
type Correct = (entry: Entry, title: string) => void;

/** Stages, remarks and gaps, newest first; `correct` where this person may. */
export function logPanel(data: PageData, view: View, correct?: Correct): TemplateResult {
  const entries = entriesOf(view);
  return html`
    <section class="card log" aria-labelledby="log-title">
      <h2 id="log-title">${t("Course of the hearing")}</h2>
      ${entries.length === 0
        ? html`<p class="empty">${t("Nothing has been marked yet.")}</p>`
        : html`<ol class="entries" tabindex="0" aria-labelledby="log-title">${repeat(entries, (entry) => entry.seq, (entry) => row(data, view, entry, correct))}</ol>`}
    </section>
  `;
}

function row(data: PageData, view: View, entry: Entry, correct: Correct | undefined): TemplateResult {
  const stage = data.stages.find((kind) => kind.code === entry.code);
  const person = view.participants.find((one) => one.id === entry.participant);
  const title = entry.kind === "stage" ? (stage?.title ?? entry.code ?? "") : entry.kind === "remark" ? t("Remark") : t("Gap in the recording");
  const struck = entry.struck === undefined ? nothing : html`<span class="entry-struck">${t("Taken back: {who}", { who: entry.struck })}</span>`;
  return html`<li class="entry ${entry.kind} ${entry.struck === undefined ? "" : "struck"}">
    <time>${timeOfDay(entry.at_us)}</time>
    <span class="entry-text"><strong>${title}</strong>${person ? html`<span>${personName(data, person)}</span>` : nothing}${entry.text ? html`<span>${entry.text}</span>` : nothing}${struck}</span>
    ${correct && (entry.kind === "stage" || entry.kind === "remark") && entry.struck === undefined && !["CLOSED_START", "CLOSED_END"].includes(entry.code ?? "")
      ? html`<button type="button" class="quiet entry-correct" @click=${() => correct(entry, title)}>${t("Correct")}<span class="hidden"> ${title}</span></button>`
      : nothing}
  </li>`;
}

interface Step {
  done: boolean;
  /** What the chip says when neither "done" nor "still to come" is true. */
  instead?: string;
  title: string;
  says: string;
}

function stepsOf(data: PageData, view: View, missingModels: string[], progress: Progress | undefined): Step[] {
  const has = (kind: string): boolean => view.revisions.some((revision) => revision.kind === kind);
  const noModel = missingModels.length > 0 ? t("No speech model for: {languages}. The administrator can install it.", { languages: missingModels.join(", ") }) : "";
  const sealed = view.manifests.length > 0;
  const stored = view.receipts.length > 0;
  const sending = data.archive ? t("The record is being sent to the archive.") : t("This recorder is not connected to an archive.");
  return [
    { done: sealed, title: t("Recording sealed"), says: t("Every file is listed and signed; a change would be seen.") },
    { done: has("transcript") && !noModel, ...(noModel && { instead: t("No text") }), title: t("Transcript"), says: [noModel || t("Made by machine, to be checked by a person."), has("transcript") ? "" : progressText(progress)].join(" ").trim() },
    { done: has("brief") || has("brief_pdf"), title: t("Brief protocol, draft"), says: t("Filled from the case and the marked stages, in Kazakh and Russian.") },
    { done: stored, title: t("In the archive"), says: stored ? t("The archive has checked the record and given its receipt.") : sending },
  ];
}

/** What became of a finished hearing: each step done, or still to come. */
export function afterPanel(data: PageData, view: View, missingModels: string[], progress: Progress | undefined): TemplateResult {
  const replay = data.archive && view.receipts.length > 0 ? `${data.archive.replace(/\/$/, "")}/hearings/${encodeURIComponent(view.hearing)}` : "";
  const facts: [string, number][] = [
    [t("Takes"), view.takes.length],
    [t("Stages"), view.stages.length],
    [t("Remarks"), view.remarks.length],
    [t("Gaps"), view.gaps.length],
  ];
  return html`
    <section class="card after" aria-labelledby="after-title">
      <h2 id="after-title">${t("What happens now")}</h2>
      <ol class="steps">${stepsOf(data, view, missingModels, progress).map(stepRow)}</ol>
      <dl class="facts">${facts.map(([name, count]) => html`<div><dt>${name}</dt><dd>${count}</dd></div>`)}</dl>
      <p class="after-links">
        ${replay ? html`<a class="button primary" href=${replay} target="_blank" rel="noreferrer">${t("Replay in the archive")}</a>` : nothing}
        <a class="button" href="/">${t("To today's list")}</a>
      </p>
    </section>
  `;
}

function stepRow(step: Step): TemplateResult {
  return html`<li class=${step.done ? "done" : "waiting"}>
    <span class="step-mark" aria-hidden="true"></span>
    <span><strong>${step.title}</strong><span class="chip ${step.done ? "good" : ""}">${step.instead ?? (step.done ? t("Done") : t("Still to come"))}</span><br><span class="hint">${step.says}</span></span>
  </li>`;
}
