"""A signer that is away stops no recording; what it missed is signed when it is back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from protocol.errors import NotSigned
from protocol.note import VerifierKey
from recorder.refusals import Unsigned
from recorder.service import Daemon
from tests.support.recorder import (
    FAKE,
    LIMITS,
    PATIENCE,
    SIGNER,
    check,
    codes,
    lines,
    microphones,
    plan,
    settings,
    sync,
    until,
)


class Away:
    """A signer that can be away."""

    def __init__(self) -> None:
        self.away = False
        self.key: VerifierKey = SIGNER.key

    def sign(self, message: bytes) -> bytes:
        return self.sign_checkpoint(message.decode(), lambda _size: [])

    def sign_checkpoint(self, text: str, prove: Callable[[int], Sequence[bytes]]) -> bytes:  # noqa: ARG002 - it believes
        if self.away:
            raise NotSigned("the signer cannot be reached")
        return SIGNER.sign(text.encode())


@sync
async def test_a_hearing_without_a_signer_for_a_while(tmp_path: Path) -> None:
    signer = Away()
    signer.away = True
    box = settings(tmp_path, microphones())
    daemon = Daemon(box, signer, command=FAKE, patience=PATIENCE, limits=LIMITS)
    await daemon.start()
    try:
        hearing = await plan(daemon)
        await daemon.move(hearing, "start", "s")
        assert daemon.status().recording
        await until(lambda: "not-signed" in {finding["code"] for finding in daemon.findings.to_json()})
        assert not (box.hearings / hearing / "checkpoints").read_bytes()
        signer.away = False
        await until(lambda: "not-signed" not in {finding["code"] for finding in daemon.findings.to_json()})
        await until(lambda: any(data["code"] == "not-signed" and data["end_us"] for data in lines(daemon, "finding")))
        await daemon.mark(hearing, "remark", {"text": "signed", "by": "s"})
        signer.away = True
        with pytest.raises(Unsigned):
            await daemon.move(hearing, "stop", "s")
        assert daemon.view(hearing).manifests, "finished, and what the seal covers is fixed"
        signer.away = False
        await until(lambda: daemon.session is not None and daemon.session.ledger.unsigned is None)
    finally:
        await daemon.stop()
    report = check(box.hearings / hearing)
    assert report.good, codes(report)
