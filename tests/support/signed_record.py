"""Records that are signed and certified without people's keys: what comes after a certification is tested, not the signatures."""

from __future__ import annotations

from pathlib import Path

from protocol.journal import Line
from protocol.note import Ed25519Signer
from protocol.seal import Moment, seal_revision
from protocol.view import HearingView
from protocol.writer import JournalWriter
from recorder.certification import newest_brief, pdfs, protocol_language
from recorder.entering import Paper
from recorder.ledger import new_salt
from recorder.vault import Vault
from tests.support.records import HEARING, START_US, RecordMaker

IN_CAMERA_US = START_US + 30_000_000


def certify(record: Path, signer: Ed25519Signer) -> None:
    """A protocol that both have signed, if there is none yet made up, sealed; the hearing certified. Nobody else may write the record."""
    writer, _ = JournalWriter.reopen(record, signer)
    view = HearingView.of(writer.lines)

    def moment() -> Moment:
        last = writer.lines[-1]
        assert isinstance(last, Line)
        at = int(view.clock.offset_us if view.clock else 0) + last.mono
        return Moment(at, last.mono, new_salt)

    def write(paper: Paper) -> None:
        from protocol import durable

        now = moment()
        durable.write_once(record / paper.path, paper.data)
        writer.append("revision", paper.line("secretary"), at_us=now.at_us, mono_us=now.mono_us, salt=now.salt())

    def move(before: str, after: str) -> None:
        now = moment()
        data = {"from": before, "to": after, "by": "secretary", "reason": ""}
        writer.append("state", data, at_us=now.at_us, mono_us=now.mono_us, salt=now.salt())

    if newest_brief(view) is None:
        write(Paper("brief", "protocol/brief-0001.json", b'{"form":"brief"}', 1))
        write(Paper("brief_pdf", "protocol/brief-0001.ru.pdf", b"%PDF-1.7", 1))
        move("finished", "drafted")
    view = HearingView.of(writer.lines)
    pdf = pdfs(view)[protocol_language(view)].path
    signed = f"signatures/{Path(pdf).stem}.1.pdf"
    write(Paper("signature", signed, b"%PDF-1.7 signed", 1, pdf, ("judge", "secretary")))
    move("drafted", "certified")
    seal_revision(writer, moment(), "signature")
    writer.close()


def make_with_closed_part(hearings: Path, vault: Vault, signer: Ed25519Signer, *, wholly: bool = False) -> Path:
    """A certified hearing with an open take of ten seconds, unless ``wholly``, and one in camera; ``IN_CAMERA_US`` lies in that."""
    maker = RecordMaker(hearings / HEARING, HEARING, signer)
    case = {
        "number": "7512-26-00-2/1234",
        "code": "gpk",
        "court": "Суд",
        "courtroom": "7",
        "title": "" if wholly else "о взыскании долга",
        "kind": "",
        "language": "ru",
    }
    maker.line("case", **case, publicity="closed" if wholly else "open", judge="А. Судья", secretary="Б. Секретарь")
    if not wholly:
        maker.line("participant", id="p1", role="plaintiff", name="Истец И.", attendance="present", note="")
        maker.line("source", name="mic", kind="microphone", media="audio", label="mic", device="test")
        maker.state("planned", "recording")
        maker.take("T01", START_US + 1_000_000, ["mic"])
        maker.segment("T01", "mic", 1, START_US + 1_000_000, 10_000_000, closed="stop")
        maker.end_take("T01", START_US + 11_000_000, "publicity")
    take = "T01" if wholly else "T02"
    maker.line("key", key="K01", take=take, wrapped=vault.make(HEARING, "K01"))
    if wholly:
        maker.state("planned", "recording")
    maker.line("take_started", take=take, publicity="closed", start_us=IN_CAMERA_US - 5_000_000, sources=[])
    maker.end_take(take, IN_CAMERA_US + 5_000_000, "finish")
    maker.state("recording", "finished")
    maker.seal()
    maker.writer.close()
    certify(maker.folder, signer)
    return maker.folder
