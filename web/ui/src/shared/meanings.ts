/** What each finding means for the court: the sentences of protocol/verification/report.py, in the reader's language. */
import { t } from "../shared/i18n";

const MEANINGS: Readonly<Record<string, () => string>> = {
  "no-journal": () => t("There is no journal: this is not a record, or its log was removed."),
  "mixed-chunks": () => t("The log is there twice, whole and in chunks: it cannot be said which one counts."),
  "bad-chunk": () => t("A chunk of the log is missing or misnamed."),
  "file-too-large": () => t("A file is longer than a record allows; it was not read."),
  "bad-path": () => t("A file has a name that a record cannot hold."),
  "not-canonical": () => t("A line of the log was changed: it is not in the only form the recorder writes."),
  "bad-line": () => t("A line of the log was changed: it lacks something, or holds something impossible."),
  "bad-sequence": () => t("Lines of the log were removed, inserted or exchanged."),
  "mono-backwards": () => t("The recorder's own clock runs backwards between two lines: one of them is not genuine."),
  "not-opened": () => t("The log does not begin with the opening of a hearing."),
  "unknown-format": () => t("The record has a format that this program does not know."),
  "no-checkpoints": () => t("Nothing is signed: the device's signatures were removed or never made."),
  "bad-checkpoint": () => t("A signed checkpoint was changed."),
  "wrong-origin": () => t("A checkpoint belongs to another hearing or device."),
  unsigned: () => t("The signature of a checkpoint was removed."),
  "unknown-signature": () => t("A checkpoint carries a signature that does not belong there."),
  "bad-signature": () => t("A signature is false: the checkpoint was changed, or another key made it."),
  "checkpoint-order": () => t("Checkpoints were exchanged or repeated."),
  "journal-cut": () => t("The end of the log is missing: the device signed more lines than are there."),
  "root-mismatch": () => t("The log is not the one that the device signed: a line was changed."),
  "uncovered-lines": () => t("Lines at the end of the log are signed by no checkpoint."),
  "manifest-missing": () => t("A list of files that the log names is missing."),
  "bad-manifest": () => t("A list of files was changed."),
  "manifest-mismatch": () => t("A list of files is not the one that the log commits to."),
  "broken-chain": () => t("A seal does not follow from its predecessor."),
  "no-seal": () => t("A list of files was never sealed by a checkpoint."),
  "unlisted-manifest": () => t("There is a list of files that the log does not know."),
  "file-missing": () => t("A file of the record is missing."),
  "file-altered": () => t("A file of the record was changed."),
  "file-size": () => t("A file of the record was cut or lengthened."),
  "unlisted-file": () => t("There is a file that does not belong to the record."),
  "entry-mismatch": () => t("The list of files and the log say different things of a file."),
  "withheld-present": () => t("A file is there that this copy says it withholds."),
  "progress-mismatch": () =>
    t("A file that a crash cut short does not begin with the bytes the device signed while recording."),
  "bad-container": () => t("An encrypted file is not whole."),
  "illegal-move": () => t("The hearing went from one state to another in a way that cannot be."),
  "bad-take": () => t("The recorded intervals contradict each other."),
  "segment-missing": () => t("A segment between others is missing from the log."),
  "unlisted-segment": () => t("A recorded segment is in no seal."),
  "unexplained-gap": () => t("A stretch of a recording is missing, and the log gives no cause."),
  overlap: () => t("Two segments of one recording claim the same time."),
  "still-open": () => t("The hearing was not finished: more may have been recorded."),
  "unlisted-key": () => t("The key that signed is not on your list of trusted keys."),
  "bad-receipt": () => t("The archive's receipt is false."),
  "bad-timestamp": () => t("A time stamp is not over the seal that it is for."),
  "torn-tail": () => t("A crash left bytes at the end of the log that were never part of it."),
  "torn-checkpoint": () => t("A crash left an unfinished checkpoint; the one before it counts."),
  "withheld-line": () => t("A line is withheld from this copy; the signatures still cover it."),
  "withheld-entry": () => t("A file is withheld from this copy; the signatures still cover it."),
  "withheld-hole": () => t("Something is missing that a withheld line may explain."),
  gap: () => t("A stretch was not recorded; the log gives the cause."),
  "receipt-unchecked": () => t("There is a receipt of an archive that is not on your list of trusted keys."),
  "timestamp-unchecked": () =>
    t("A seal has a time stamp. Whether an authority that you trust gave it is checked by hattama verify with --authorities."),
};

/** The sentence of a code; a code that this page does not know is shown with what the server said of it. */
export function meaningOf(code: string, said = ""): string {
  return MEANINGS[code]?.() ?? (said || code);
}

export interface Verdict {
  readonly title: string;
  readonly text: string;
}

const VERDICTS: Readonly<Record<string, () => Verdict>> = {
  intact: () => ({ title: t("Unchanged"), text: t("Every file and every line is the one that the device signed.") }),
  altered: () => ({ title: t("Changed"), text: t("Something is not as the device signed it.") }),
  unproven: () => ({ title: t("Not proven"), text: t("Signatures are missing: nothing shows whether it was changed.") }),
  complete: () => ({ title: t("Complete"), text: t("Nothing is missing from the recorded time.") }),
  "complete-with-gaps": () => ({
    title: t("Complete, with explained gaps"),
    text: t("What was not recorded stands in the journal with its cause."),
  }),
  redacted: () => ({ title: t("Copy with withheld parts"), text: t("Parts are withheld; the signatures still cover them.") }),
  open: () => ({ title: t("Not finished"), text: t("The hearing was not finished: more may have been recorded.") }),
  incomplete: () => ({ title: t("Incomplete"), text: t("Something that was recorded is missing.") }),
  trusted: () => ({ title: t("Known device"), text: t("The key that signed belongs to a device that this archive knows.") }),
  "unlisted-key": () => ({ title: t("Unknown device"), text: t("The key that signed is not on your list of trusted keys.") }),
  unsigned: () => ({ title: t("Not signed"), text: t("No valid signature of a device was found.") }),
  invalid: () => ({ title: t("False signature"), text: t("A signature does not fit what it should sign.") }),
};

export function verdictOf(code: string): Verdict {
  return VERDICTS[code]?.() ?? { title: code, text: "" };
}
