/** Findings and the three verdicts (docs/record-format.md, section 10). */

export type Question = "integrity" | "completeness" | "provenance";
export type Severity = "fail" | "note";

export interface Finding {
  readonly code: Code;
  readonly step: number;
  /** The file, or `journal.jsonl#<seq>`, `checkpoints#<n>`, `<manifest>#<index>`. */
  readonly subject: string;
  readonly question: Question;
  readonly severity: Severity;
}

export type Integrity = "intact" | "altered" | "unproven";
export type Completeness = "complete" | "complete-with-gaps" | "redacted" | "open" | "incomplete";
export type Provenance = "trusted" | "unlisted-key" | "unsigned" | "invalid";

export interface Report {
  /** Empty when line 0 could not be read. */
  readonly hearing: string;
  /** The verifier key of line 0, or an empty text. */
  readonly device: string;
  readonly findings: readonly Finding[];
  readonly integrity: Integrity;
  readonly completeness: Completeness;
  readonly provenance: Provenance;
  readonly good: boolean;
}

type Rule = readonly [step: number, question: Question, severity: Severity];

const [I, C, P] = ["integrity", "completeness", "provenance"] as const;

/** Every code, its step, its question and whether it is a failure. */
export const RULES = {
  "no-journal": [1, I, "fail"],
  "mixed-chunks": [1, I, "fail"],
  "bad-chunk": [1, I, "fail"],
  "file-too-large": [1, I, "fail"],
  "bad-path": [1, I, "fail"],
  "not-canonical": [2, I, "fail"],
  "bad-line": [2, I, "fail"],
  "bad-sequence": [2, I, "fail"],
  "mono-backwards": [2, I, "fail"],
  "not-opened": [2, I, "fail"],
  "unknown-format": [2, I, "fail"],
  "torn-tail": [2, I, "note"],
  "withheld-line": [2, C, "note"],
  "no-checkpoints": [3, P, "fail"],
  "bad-checkpoint": [3, I, "fail"],
  "wrong-origin": [3, I, "fail"],
  unsigned: [3, P, "fail"],
  "unknown-signature": [3, I, "fail"],
  "bad-signature": [3, I, "fail"],
  "checkpoint-order": [3, I, "fail"],
  "torn-checkpoint": [3, I, "note"],
  "journal-cut": [4, C, "fail"],
  "root-mismatch": [4, I, "fail"],
  "uncovered-lines": [4, C, "fail"],
  "manifest-missing": [5, C, "fail"],
  "bad-manifest": [5, I, "fail"],
  "manifest-mismatch": [5, I, "fail"],
  "broken-chain": [5, I, "fail"],
  "no-seal": [5, C, "fail"],
  "unlisted-manifest": [5, I, "fail"],
  "withheld-entry": [5, C, "note"],
  "file-missing": [6, C, "fail"],
  "file-altered": [6, I, "fail"],
  "file-size": [6, I, "fail"],
  "unlisted-file": [6, I, "fail"],
  "entry-mismatch": [6, I, "fail"],
  "withheld-present": [6, I, "fail"],
  "progress-mismatch": [6, I, "fail"],
  "bad-container": [6, I, "fail"],
  "illegal-move": [7, I, "fail"],
  "bad-take": [7, I, "fail"],
  "segment-missing": [7, C, "fail"],
  "unlisted-segment": [7, C, "fail"],
  "unexplained-gap": [7, C, "fail"],
  overlap: [7, I, "fail"],
  "still-open": [7, C, "fail"],
  gap: [7, C, "note"],
  "withheld-hole": [7, C, "note"],
  "unlisted-key": [8, P, "fail"],
  "bad-receipt": [9, P, "fail"],
  "receipt-unchecked": [9, P, "note"],
  "bad-timestamp": [10, P, "fail"],
  "timestamp-unchecked": [10, P, "note"],
} as const satisfies Record<string, Rule>;

export type Code = keyof typeof RULES;

/** What the steps write to. The same code about the same subject is said once. */
export class Findings {
  readonly list: Finding[] = [];
  private readonly said = new Set<string>();

  add(code: Code, subject: string, severity: Severity = RULES[code][2]): void {
    const key = `${code} ${subject}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    const [step, question] = RULES[code];
    this.list.push({ code, step, subject, question, severity });
  }

  has(...codes: readonly Code[]): boolean {
    return this.list.some((finding) => codes.includes(finding.code));
  }
}

/**
 * @param ended the run ended before step 3: nothing is known about files and keys
 * @param proven a checkpoint passed step 3
 */
export function report(findings: Findings, ended: boolean, proven: boolean, named = { hearing: "", device: "" }): Report {
  const failed = (question: Question, ...but: readonly Code[]): boolean =>
    findings.list.some((f) => f.severity === "fail" && f.question === question && !but.includes(f.code));
  const integrity: Integrity = failed("integrity")
    ? "altered"
    : findings.has("no-checkpoints", "unsigned")
      ? "unproven"
      : "intact";
  const completeness = ended || failed("completeness", "still-open") ? "incomplete" : softCompleteness(findings);
  const provenance: Provenance = findings.has("bad-signature", "bad-receipt", "bad-timestamp", "unknown-signature")
    ? "invalid"
    : ended || !proven || findings.has("no-checkpoints", "unsigned")
      ? "unsigned"
      : findings.has("unlisted-key")
        ? "unlisted-key"
        : "trusted";
  const whole = completeness !== "incomplete" && completeness !== "open";
  const good = integrity === "intact" && whole && provenance === "trusted";
  return { ...named, findings: findings.list, integrity, completeness, provenance, good };
}

function softCompleteness(findings: Findings): Completeness {
  if (findings.has("still-open")) return "open";
  if (findings.has("withheld-line", "withheld-entry")) return "redacted";
  return findings.has("gap") ? "complete-with-gaps" : "complete";
}
