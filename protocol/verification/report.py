"""Findings, the table of their codes, and the three verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from protocol.note import VerifierKey


class Question(StrEnum):
    """What a finding answers."""

    INTEGRITY = "integrity"
    COMPLETENESS = "completeness"
    PROVENANCE = "provenance"


class Severity(StrEnum):
    """A failure speaks against the record; a note is something to know."""

    FAIL = "fail"
    NOTE = "note"


I, C, P = Question.INTEGRITY, Question.COMPLETENESS, Question.PROVENANCE  # noqa: E741 - the letters of the format's table

#: code → (question, what it means for the court)
CODES: dict[str, tuple[Question, str]] = {
    "no-journal": (I, "There is no journal: this is not a record, or its log was removed."),
    "mixed-chunks": (I, "The log is there twice, whole and in chunks: it cannot be said which one counts."),
    "bad-chunk": (I, "A chunk of the log is missing or misnamed."),
    "file-too-large": (I, "A file is longer than a record allows; it was not read."),
    "bad-path": (I, "A file has a name that a record cannot hold."),
    "not-canonical": (I, "A line of the log was changed: it is not in the only form the recorder writes."),
    "bad-line": (I, "A line of the log was changed: it lacks something, or holds something impossible."),
    "bad-sequence": (I, "Lines of the log were removed, inserted or exchanged."),
    "mono-backwards": (I, "The recorder's own clock runs backwards between two lines: one of them is not genuine."),
    "not-opened": (I, "The log does not begin with the opening of a hearing."),
    "unknown-format": (I, "The record has a format that this program does not know."),
    "no-checkpoints": (P, "Nothing is signed: the device's signatures were removed or never made."),
    "bad-checkpoint": (I, "A signed checkpoint was changed."),
    "wrong-origin": (I, "A checkpoint belongs to another hearing or device."),
    "unsigned": (P, "The signature of a checkpoint was removed."),
    "unknown-signature": (I, "A checkpoint carries a signature that does not belong there."),
    "bad-signature": (I, "A signature is false: the checkpoint was changed, or another key made it."),
    "checkpoint-order": (I, "Checkpoints were exchanged or repeated."),
    "journal-cut": (C, "The end of the log is missing: the device signed more lines than are there."),
    "root-mismatch": (I, "The log is not the one that the device signed: a line was changed."),
    "uncovered-lines": (C, "Lines at the end of the log are signed by no checkpoint."),
    "manifest-missing": (C, "A list of files that the log names is missing."),
    "bad-manifest": (I, "A list of files was changed."),
    "manifest-mismatch": (I, "A list of files is not the one that the log commits to."),
    "broken-chain": (I, "A seal does not follow from its predecessor."),
    "no-seal": (C, "A list of files was never sealed by a checkpoint."),
    "unlisted-manifest": (I, "There is a list of files that the log does not know."),
    "file-missing": (C, "A file of the record is missing."),
    "file-altered": (I, "A file of the record was changed."),
    "file-size": (I, "A file of the record was cut or lengthened."),
    "unlisted-file": (I, "There is a file that does not belong to the record."),
    "entry-mismatch": (I, "The list of files and the log say different things of a file."),
    "withheld-present": (I, "A file is there that this copy says it withholds."),
    "progress-mismatch": (
        I,
        "A file that a crash cut short does not begin with the bytes the device signed while recording.",
    ),
    "bad-container": (I, "An encrypted file is not whole."),
    "illegal-move": (I, "The hearing went from one state to another in a way that cannot be."),
    "bad-take": (I, "The recorded intervals contradict each other."),
    "segment-missing": (C, "A segment between others is missing from the log."),
    "unlisted-segment": (C, "A recorded segment is in no seal."),
    "unexplained-gap": (C, "A stretch of a recording is missing, and the log gives no cause."),
    "overlap": (I, "Two segments of one recording claim the same time."),
    "still-open": (C, "The hearing was not finished: more may have been recorded."),
    "unlisted-key": (P, "The key that signed is not on your list of trusted keys."),
    "bad-receipt": (P, "The archive's receipt is false."),
    "bad-timestamp": (P, "A time stamp is not over the seal that it is for."),
    # notes
    "torn-tail": (I, "A crash left bytes at the end of the log that were never part of it."),
    "torn-checkpoint": (I, "A crash left an unfinished checkpoint; the one before it counts."),
    "withheld-line": (C, "A line is withheld from this copy; the signatures still cover it."),
    "withheld-entry": (C, "A file is withheld from this copy; the signatures still cover it."),
    "withheld-hole": (C, "Something is missing that a withheld line may explain."),
    "gap": (C, "A stretch was not recorded; the log gives the cause."),
    "receipt-unchecked": (P, "There is a receipt of an archive that is not on your list of trusted keys."),
    "timestamp-unchecked": (
        P,
        "A seal has a time stamp. Whether an authority that you trust gave it is checked by hattama verify with --authorities.",
    ),
}


_STEPS = {
    1: "no-journal mixed-chunks bad-chunk file-too-large bad-path",
    2: "not-canonical bad-line bad-sequence mono-backwards not-opened unknown-format torn-tail withheld-line",
    3: "no-checkpoints bad-checkpoint wrong-origin unsigned unknown-signature bad-signature checkpoint-order torn-checkpoint",
    4: "journal-cut root-mismatch uncovered-lines",
    5: "manifest-missing bad-manifest manifest-mismatch broken-chain no-seal unlisted-manifest withheld-entry",
    6: "file-missing file-altered file-size unlisted-file entry-mismatch withheld-present progress-mismatch bad-container",
    7: "illegal-move bad-take segment-missing unlisted-segment unexplained-gap overlap still-open gap withheld-hole",
    8: "unlisted-key",
    9: "bad-receipt receipt-unchecked",
    10: "bad-timestamp timestamp-unchecked",
}
#: code → the step of the record format's section 10 that finds it
STEP_OF = {code: step for step, codes in _STEPS.items() for code in codes.split()}


@dataclass(frozen=True)
class Finding:
    """One thing that verification found. ``subject`` is a file, or a line as ``journal.jsonl#12``."""

    code: str
    step: int
    subject: str
    severity: Severity
    detail: str = ""

    @property
    def question(self) -> Question:
        """Which of the three questions it answers."""
        return CODES[self.code][0]

    @property
    def meaning(self) -> str:
        """What it means for the court (English; the pages translate it by code)."""
        return CODES[self.code][1]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "code": self.code,
            "detail": self.detail,
            "meaning": self.meaning,
            "severity": str(self.severity),
            "step": self.step,
            "subject": self.subject,
        }


@dataclass(frozen=True)
class Trust:
    """Verifier keys that the reader trusts."""

    keys: frozenset[VerifierKey] = field(default_factory=frozenset)

    @classmethod
    def of(cls, *keys: VerifierKey) -> Trust:
        """A trust list of these keys."""
        return cls(frozenset(keys))


_INVALID = frozenset({"bad-signature", "bad-receipt", "bad-timestamp", "unknown-signature"})
_UNSIGNED = frozenset({"no-checkpoints", "unsigned"})
_WITHHELD = frozenset({"withheld-line", "withheld-entry"})
GOOD = frozenset({"intact", "complete", "complete-with-gaps", "redacted", "trusted"})


@dataclass(frozen=True)
class Report:
    """What verification found of one record."""

    hearing: str
    device: str
    findings: tuple[Finding, ...]
    #: the run ended in step 1 or 2: nothing is known about signatures and files
    ended: bool = False
    #: at least one checkpoint passed step 3
    signed: bool = True

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Findings that speak against the record."""
        return tuple(item for item in self.findings if item.severity is Severity.FAIL)

    def _codes(self, question: Question) -> set[str]:
        return {item.code for item in self.failures if item.question is question}

    @property
    def integrity(self) -> str:
        """``intact``, ``altered`` or ``unproven``."""
        if self._codes(Question.INTEGRITY):
            return "altered"
        return "unproven" if self._codes(Question.PROVENANCE) & _UNSIGNED else "intact"

    @property
    def completeness(self) -> str:
        """``complete``, ``complete-with-gaps``, ``redacted``, ``open`` or ``incomplete``."""
        failed = self._codes(Question.COMPLETENESS)
        if self.ended or failed - {"still-open"}:
            return "incomplete"
        if failed:
            return "open"
        notes = {item.code for item in self.findings}
        if notes & _WITHHELD:
            return "redacted"
        return "complete-with-gaps" if "gap" in notes else "complete"

    @property
    def provenance(self) -> str:
        """``trusted``, ``unlisted-key``, ``unsigned`` or ``invalid``."""
        failed = {item.code for item in self.failures}
        if failed & _INVALID:
            return "invalid"
        if failed & _UNSIGNED or self.ended or not self.signed:
            return "unsigned"
        return "unlisted-key" if "unlisted-key" in failed else "trusted"

    @property
    def good(self) -> bool:
        """Whether all three answers are good."""
        return {self.integrity, self.completeness, self.provenance} <= GOOD

    def to_json(self) -> dict[str, Any]:
        """As plain values: each question with its verdict and findings."""
        verdicts = {
            Question.INTEGRITY: self.integrity,
            Question.COMPLETENESS: self.completeness,
            Question.PROVENANCE: self.provenance,
        }
        value: dict[str, Any] = {"device": self.device, "good": self.good, "hearing": self.hearing}
        for question, verdict in verdicts.items():
            findings = [item.to_json() for item in self.findings if item.question is question]
            value[str(question)] = {"findings": findings, "good": verdict in GOOD, "verdict": verdict}
        return value
