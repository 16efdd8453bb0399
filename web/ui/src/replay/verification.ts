/** The three findings, apart, as the archive worked them out and as this browser works them out itself. */
import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { t } from "../shared/i18n";
import { FetchSource, verify, type Finding, type Progress, type Question, type Report } from "../verify/index";
import { PageElement } from "../player/base";
import { icon } from "../player/icons";
import { meaningOf, verdictOf } from "../shared/meanings";
import { fileAddress, type FileList, type PageData, type Replay, type ServerAnswer, type ServerReport } from "../player/model";
import { clockTime, courtDate } from "../player/time";

interface Item {
  readonly code: string;
  readonly severity: "fail" | "note";
  readonly step: number;
  readonly subject: string;
  readonly meaning?: string;
}

interface Answer {
  readonly verdict: string;
  readonly items: readonly Item[];
}

const QUESTIONS: readonly Question[] = ["integrity", "completeness", "provenance"];
const GOOD = ["intact", "complete", "complete-with-gaps", "redacted", "trusted"];
/** So many findings of one kind are shown at once; a thousand altered lines help nobody. */
const MOST = 12;

@customElement("hattama-verification")
export class Verification extends PageElement {
  @property({ attribute: false }) replay!: Replay;
  @property({ attribute: false }) page!: PageData;
  @state() private server: ServerReport | null = null;
  @state() private own: Report | null = null;
  @state() private progress: Progress | null = null;
  @state() private asking = false;
  @state() private trouble = "";
  private abort: AbortController | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.server = this.replay.verification;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.abort?.abort();
  }

  protected override render(): TemplateResult {
    return html`<section class="card verification" id="verification" aria-labelledby="verification-title">
      <h2 id="verification-title">${t("Can this record be trusted?")}</h2>
      <div class="answers">${QUESTIONS.map((question) => this.answer(question))}</div>
      ${this.controls()} ${this.trouble ? html`<p class="alert" role="alert">${this.trouble}</p>` : nothing}
      ${this.receipt()}
    </section>`;
  }

  private answer(question: Question): TemplateResult {
    const asked = {
      integrity: t("Was anything changed?"),
      completeness: t("Is anything missing?"),
      provenance: t("Who signed it?"),
    }[question];
    const server = this.server === null ? null : ofServer(this.server[question]);
    const own = this.own === null ? null : ofOwn(this.own, question);
    const differs = server !== null && own !== null && server.verdict !== own.verdict;
    return html`<article class="answer" data-question=${question}>
      <h3>${asked}</h3>
      ${this.result(t("The archive"), server, "server")}
      ${own === null ? nothing : server !== null && same(server, own) ? agreed(own) : this.result(t("This browser"), own, "browser")}
      ${differs ? html`<p class="alert">${t("The archive and this browser disagree. Ask the administrator to look into it.")}</p>` : nothing}
    </article>`;
  }

  private result(who: string, answer: Answer | null, by: string): TemplateResult {
    if (answer === null)
      return html`<div class="result" data-by=${by}><p class="who">${who}</p><p class="hint">${t("Not verified yet.")}</p></div>`;
    const good = GOOD.includes(answer.verdict);
    const { title, text } = verdictOf(answer.verdict);
    return html`<div class="result ${good ? "good" : "bad"}" data-by=${by} data-verdict=${answer.verdict}>
      <p class="who">${who}</p>
      <p class="verdict">${icon(good ? "good" : "bad")}<strong>${title}</strong></p>
      <p class="hint">${text}</p>
      ${answer.items.length > 0 ? this.findings(answer.items) : nothing}
    </div>`;
  }

  private findings(items: readonly Item[]): TemplateResult {
    const hidden = items.length - MOST;
    return html`<ul class="findings">${items.slice(0, MOST).map(
        (item) => html`<li class=${item.severity}>${icon(item.severity === "fail" ? "bad" : "note")}<span
            >${meaningOf(item.code, item.meaning)}
            <small>${t("Step {step}", { step: item.step })} · <code>${item.subject}</code> · <code>${item.code}</code></small></span></li>`,
      )}</ul>
      ${hidden > 0 ? html`<p class="hint">${t("… and {number} more", { number: hidden })}</p>` : nothing}`;
  }

  private controls(): TemplateResult {
    const at = this.server?.verified_at ? Date.parse(this.server.verified_at) * 1000 : null;
    const done = this.progress === null ? 0 : Math.round((100 * this.progress.done) / Math.max(1, this.progress.total));
    return html`<div class="verify-row">
        ${this.progress === null
          ? html`<button class="primary" id="verify-here" @click=${this.verifyHere}>${t("Verify in this browser")}</button>`
          : html`<button id="verify-stop" @click=${() => this.abort?.abort()}>${t("Stop verifying")}</button>`}
        <button ?disabled=${this.asking} id="verify-archive" @click=${this.askServer}>
          ${this.asking ? t("The archive verifies…") : t("Let the archive verify again")}
        </button>
        ${at === null ? nothing : html`<p class="hint">${t("The archive verified on {date} at {time}.", { date: courtDate(at), time: clockTime(at) })}</p>`}
      </div>
      ${this.progress === null
        ? html`<p class="hint">${t("Your browser loads every file and checks it by itself, with a program that was written apart from the archive's.")}</p>`
        : html`<div class="progress"><progress max="100" value=${done} aria-label=${t("Verifying")}></progress>
            <p class="hint">${t("{percent} % · {path}", { percent: done, path: this.progress.path })}</p></div>`}`;
  }

  private receipt(): TemplateResult {
    const { receipt } = this.replay;
    if (receipt === null) return html`<p class="hint">${t("The archive has not given a receipt for this hearing yet.")}</p>`;
    const at = Date.parse(receipt.received_at) * 1000;
    return html`<p class="hint">${t("Received by the archive on {date} at {time}: entry {index} of its log.", {
      date: courtDate(at),
      time: clockTime(at),
      index: receipt.index,
    })} <a href=${fileAddress(this.page.base, "receipt.json")} download>${t("Receipt")}</a>
      · <a href=${`${this.page.base}/copy.zip`} download>${t("Copy of the record")}</a></p>
      ${receipt.timestamp
        ? html`<p class="hint time-stamp">${t("Time stamped on {date} at {time} by {authority}.", {
            date: courtDate(receipt.timestamp.at_us),
            time: clockTime(receipt.timestamp.at_us),
            authority: receipt.timestamp.authority,
          })}</p>`
        : nothing}`;
  }

  private readonly verifyHere = async (): Promise<void> => {
    this.trouble = "";
    this.abort = new AbortController();
    const { signal } = this.abort;
    this.progress = { path: "journal.jsonl", done: 0, total: 1 };
    try {
      const list = await this.ask<FileList>("files.json", { signal });
      const source = new FetchSource(list.files, (path) => fileAddress(this.page.base, path), signal);
      this.own = await verify(source, list.trust, { signal, onProgress: (progress) => (this.progress = progress) });
    } catch (error) {
      if (!signal.aborted) this.trouble = t("Not verified: {reason}", { reason: error instanceof Error ? error.message : String(error) });
    } finally {
      this.progress = null;
    }
  };

  private readonly askServer = async (): Promise<void> => {
    this.trouble = "";
    this.asking = true;
    try {
      this.server = { ...(await this.ask<ServerReport>("verify", { method: "POST" })), verified_at: new Date().toISOString() };
    } catch (error) {
      this.trouble = t("Not verified: {reason}", { reason: error instanceof Error ? error.message : String(error) });
    } finally {
      this.asking = false;
    }
  };

  private async ask<T>(name: string, init: RequestInit): Promise<T> {
    const response = await fetch(`${this.page.base}/${name}`, { credentials: "same-origin", ...init });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return (await response.json()) as T;
  }
}

/** Whether two verifiers found the same. */
function same(one: Answer, other: Answer): boolean {
  const said = ({ items }: Answer): string => items.map((item) => `${item.code} ${item.step} ${item.subject}`).sort().join("\n");
  return one.verdict === other.verdict && said(one) === said(other);
}

/** What is not said twice. */
function agreed(answer: Answer): TemplateResult {
  const good = GOOD.includes(answer.verdict);
  return html`<div class="result same ${good ? "good" : "bad"}" data-by="browser" data-verdict=${answer.verdict}>
    ${icon(good ? "good" : "bad")}<span>${t("This browser finds the same.")}</span></div>`;
}

function ofServer(answer: ServerAnswer): Answer {
  return { verdict: answer.verdict, items: answer.findings };
}

function ofOwn(report: Report, question: Question): Answer {
  const items = report.findings.filter((finding: Finding) => finding.question === question);
  return { verdict: report[question], items };
}
