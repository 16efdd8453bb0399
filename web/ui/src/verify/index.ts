/**
 * The second verifier: a record's three findings, worked out in the browser (docs/record-format.md, section 10).
 *
 * Written from that page and not from the Python verifier, so that each checks the other.
 */
import { checkCuts, checkRoots, readCheckpoints } from "./checkpoints";
import { checkFiles } from "./files";
import { LARGEST, readJournal, readLogs } from "./journal";
import { readManifests } from "./manifests";
import { checkReceipt } from "./receipt";
import { Findings, report, type Report } from "./report";
import type { RecordSource } from "./source";
import { checkStamps } from "./stamps";
import { checkTimeline, isOpen } from "./timeline";

export type { Completeness, Finding, Integrity, Provenance, Question, Report, Severity } from "./report";
export { parseVerifierKey } from "./note";
export { DroppedSource, FetchSource, MemorySource, type FileFact, type RecordSource } from "./source";

/** What is being read: `done` of `total` bytes before `path`. */
export interface Progress {
  readonly path: string;
  readonly done: number;
  readonly total: number;
}

export interface Options {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Verify a record.
 *
 * @param trust texts of the verifier keys of trusted devices and archives
 * @throws what the source throws when a file cannot be read, and the signal's reason when it was aborted
 */
export async function verify(source: RecordSource, trust: Iterable<string>, options: Options = {}): Promise<Report> {
  const findings = new Findings();
  const trusted = new Set(trust);
  const logs = await readLogs(source, findings);
  if (logs === null) return report(findings, true, false);
  const { journal, opened } = readJournal(logs.journal, findings);
  if (opened === null) return report(findings, true, false);

  const { valid, sizes } = await readCheckpoints(logs.checkpoints, opened, findings);
  checkCuts(logs, sizes, findings);
  const open = isOpen(journal);
  checkRoots(journal, valid, open, findings);
  const manifests = await readManifests(source, logs.files, { journal, opened, checkpoints: valid, findings }, open);

  const total = [...logs.files.values()].reduce((sum, bytes) => sum + bytes, 0);
  let done = 0;
  await checkFiles(source, logs.files, journal, manifests, findings, (path, bytes) => {
    options.signal?.throwIfAborted();
    options.onProgress?.({ path, done, total });
    done += bytes;
  });
  checkTimeline(journal, manifests, findings);
  if (!trusted.has(opened.device.text)) findings.add("unlisted-key", "journal.jsonl#0");
  const receipt = logs.files.get("receipt.json");
  if (receipt !== undefined && receipt <= LARGEST) {
    await checkReceipt(await source.read("receipt.json"), journal, opened, trusted, findings);
  }
  await checkStamps(source, logs, journal, valid, findings);
  const named = { hearing: opened.hearing, device: opened.device.text };
  return report(findings, false, valid.length > 0, named);
}
