"""Signed notes and checkpoints: the C2SP examples, and malformed ones."""

from __future__ import annotations

import pytest

from protocol.checkpoint import Checkpoint, split_notes
from protocol.encoding import b64
from protocol.errors import BadNote
from protocol.note import Ed25519Signer, VerifierKey, parse_note, sign_note

# Key and note of golang.org/x/mod/sumdb/note, whose format C2SP signed-note took over: its package example.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_published_note() -> None:
    key = VerifierKey.from_text(GO_KEY)
    note = parse_note(GO_NOTE)
    assert note.signed_by(key)
    assert key.text == GO_KEY
    assert not parse_note(GO_NOTE.replace("problem is", "problem was")).signed_by(key)


def test_sign_and_read() -> None:
    signer = Ed25519Signer("court.test/box", bytes(32))
    note = parse_note(sign_note("a\n", signer))
    assert note.text == "a\n"
    assert note.signed_by(signer.key)
    assert not note.signed_by(Ed25519Signer("court.test/box", b"\1" * 32).key)
    assert VerifierKey.from_text(signer.key.text) == signer.key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY + "=",
        GO_KEY.replace("+AR", "+BR"),
        "a b" + GO_KEY,
    ],
)
def test_bad_keys(text: str) -> None:
    with pytest.raises(BadNote):
        VerifierKey.from_text(text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "a\n",
        "a\n\n- x AAAAAAAA\n",
        "a\n\n— x AAAA\n",
        "a\n\n— x AAAAAAAB=\n",
        GO_NOTE[:-1],
        "a\n\n— x y AAAAAAAA\n",
    ],
)
def test_bad_notes(note: str) -> None:
    with pytest.raises(BadNote):
        parse_note(note)


def test_text_without_newline_cannot_be_signed() -> None:
    with pytest.raises(BadNote):
        sign_note("a", Ed25519Signer("x", bytes(32)))


@pytest.mark.parametrize(
    "text",
    [
        "o\n01\nAA==\n",
        "o\n-1\n",
        "o\n1\n" + b64(bytes(31)) + "\n",
        "\n1\n" + b64(bytes(32)) + "\n",
        "o\n1\n" + b64(bytes(32)) + "\nx\n",
        "o\n1\n" + b64(bytes(32)),
    ],
)
def test_bad_checkpoints(text: str) -> None:
    with pytest.raises(BadNote):
        Checkpoint.from_text(text)


def test_checkpoint_text() -> None:
    point = Checkpoint("o", 7, bytes(32))
    assert Checkpoint.from_text(point.text) == point


def test_notes_in_a_file() -> None:
    signer = Ed25519Signer("x", bytes(32))
    notes = [sign_note(Checkpoint("o", size, bytes(32)).text, signer).encode() for size in range(3)]
    data = b"".join(note + b"\n" for note in notes)
    assert split_notes(data) == (notes, b"")
    for cut in range(1, len(notes[2]) + 1):
        assert split_notes(data[:-cut]) == (notes[:2], data[len(notes[0]) + len(notes[1]) + 2 : -cut])
