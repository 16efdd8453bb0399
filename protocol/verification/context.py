"""What the steps hand to each other."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from protocol.checkpoint import Checkpoint
from protocol.journal import Line, Withheld
from protocol.manifest import Manifest, WithheldEntry
from protocol.merkle import Tree
from protocol.note import VerifierKey
from protocol.record import RecordSource
from protocol.verification.report import STEP_OF, Finding, Severity, Trust

#: Findings of which one subject can have several, told apart by their detail.
_EACH = frozenset({"gap", "unexplained-gap", "withheld-hole"})


class Ended(Exception):
    """Nothing further can be said of this record."""


@dataclass(frozen=True)
class Malformed:
    """A line that could not be read; its bytes still count in the tree."""

    seq: int


Row: TypeAlias = Line | Withheld | Malformed


@dataclass
class Context:
    """State of one verification."""

    record: RecordSource
    trust: Trust
    #: how many files are read at once, beside this thread; 0 in it
    threads: int = 0
    findings: list[Finding] = field(default_factory=list)
    paths: frozenset[str] = frozenset()
    too_large: set[str] = field(default_factory=set)
    journal: bytes = b""
    checkpoint_bytes: bytes | None = None
    journal_cuts: list[tuple[str, int]] = field(default_factory=list)
    hearing: str = ""
    device: str = ""
    origin: str = ""
    key: VerifierKey | None = None
    rows: list[Row] = field(default_factory=list)
    tree: Tree = field(default_factory=Tree)
    #: notes without any failure, number (from 1) and content
    notes: list[tuple[int, Checkpoint]] = field(default_factory=list)
    #: seq of the manifest line → the manifest, if its own form is good
    manifests: dict[int, Manifest] = field(default_factory=dict)
    said: set[tuple[str, str, str]] = field(default_factory=set)

    def fail(self, code: str, subject: str, detail: str = "") -> None:
        """A finding that speaks against the record."""
        self._say(code, subject, Severity.FAIL, detail)

    def note(self, code: str, subject: str, detail: str = "") -> None:
        """Something to know."""
        self._say(code, subject, Severity.NOTE, detail)

    def _say(self, code: str, subject: str, severity: Severity, detail: str) -> None:
        key = (code, subject, detail if code in _EACH else "")
        if key not in self.said:
            self.said.add(key)
            self.findings.append(Finding(code, STEP_OF[code], subject, severity, detail))

    # The following are asked for once a line or entry; they are computed once, when step 2 (step 5) is over.

    @cached_property
    def lines(self) -> list[Line]:
        """All lines that could be read."""
        return [row for row in self.rows if isinstance(row, Line)]

    def of_type(self, line_type: str) -> list[Line]:
        """Lines of one type whose content is readable."""
        return self._by_type[line_type]

    @cached_property
    def _by_type(self) -> defaultdict[str, list[Line]]:
        found: defaultdict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            if "sealed" not in line.data:
                found[line.type].append(line)
        return found

    @cached_property
    def withheld(self) -> bool:
        """Whether any line is withheld."""
        return any(isinstance(row, Withheld) for row in self.rows)

    @cached_property
    def revisions_sealed(self) -> bool:
        """Whether the content of any `revision` line is encrypted."""
        return any(line.type == "revision" and "sealed" in line.data for line in self.lines)

    @cached_property
    def reach(self) -> list[int]:
        """For each good checkpoint, the largest size up to it: the first one that seals a line is found by bisection."""
        return list(itertools.accumulate((point.size for _, point in self.notes), max))

    @cached_property
    def entries_withheld(self) -> bool:
        """Whether any readable manifest has withheld entries."""
        return any(isinstance(entry, WithheldEntry) for made in self.manifests.values() for entry in made.entries)

    def root_at(self, size: int) -> bytes | None:
        """The journal's root at a size; None beyond its end."""
        return self.tree.root(size) if 0 <= size <= self.tree.size else None


def line_subject(seq: int) -> str:
    """How findings name a line."""
    return f"journal.jsonl#{seq}"


def lines_subject(first: int, last: int) -> str:
    """How findings name the lines from ``first`` to ``last``, of which one was changed; a single one as itself."""
    return line_subject(first) if last <= first else f"{line_subject(first)}-{last}"
