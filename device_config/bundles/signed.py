"""Who signed a manifest: ``hattama-bundle.note``, a C2SP signed note.

Its text is a fixed first line, ``name-version``, and the base64 SHA-256 of the manifest's bytes. The first line keeps the
signature from meaning anything else, and that of a checkpoint or a receipt from meaning this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from device_config.bundles import errors
from device_config.bundles.manifest import MANIFEST, NOTE, Manifest
from protocol.encoding import sha256_b64
from protocol.errors import BadNote
from protocol.note import Signer, VerifierKey, parse_note, sign_note

_FIRST_LINE: Final = "hattama model bundle 1"


def _text(manifest: Manifest, data: bytes) -> str:
    return f"{_FIRST_LINE}\n{manifest.folder}\n{sha256_b64(data)}\n"


def sign(manifest: Manifest, signer: Signer) -> bytes:
    """The note's bytes."""
    return sign_note(_text(manifest, manifest.to_bytes()), signer).encode()


def open_signed(data: bytes, note: bytes | None, publishers: Sequence[VerifierKey]) -> tuple[Manifest, VerifierKey]:
    """The manifest in ``data`` and the publisher whose signature is on it.

    Raises:
        BundleUnsigned, BundlePublisher, BundleSignature: nobody signed it, nobody known, or not this text.
        BundleError: the manifest is wrong.
    """
    if not note:
        raise errors.BundleUnsigned(f"there is no {NOTE}")
    try:
        parsed = parse_note(note.decode("utf-8"))
    except (BadNote, UnicodeDecodeError) as error:
        raise errors.BundleSignature(f"{NOTE}: {error}") from error
    if not parsed.signatures:
        raise errors.BundleUnsigned(f"{NOTE}: no signature on it")
    known = [
        key for key in publishers for item in parsed.signatures if (item.name, item.key_id) == (key.name, key.key_id)
    ]
    if not known:
        raise errors.BundlePublisher(f"{NOTE}: signed by {', '.join(item.name for item in parsed.signatures)}")
    publisher = next((key for key in known if parsed.signed_by(key)), None)
    if publisher is None:
        raise errors.BundleSignature(f"{NOTE}: the signature is not by {known[0].name}")
    if not parsed.text.endswith(f"\n{sha256_b64(data)}\n"):  # before a byte of it is believed
        raise errors.BundleSignature(f"{NOTE}: {MANIFEST} was changed after it was signed")
    manifest = Manifest.from_bytes(data)
    if parsed.text != _text(manifest, data):
        raise errors.BundleSignature(f"{NOTE}: it signs another manifest")
    return manifest, publisher
