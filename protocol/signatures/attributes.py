"""What a signature says of itself, beside the digest, by its form: PAdES in a PDF, CAdES beside a file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from pyhanko.sign.signers import Signer
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes


def cms_of(signer: Signer, digest: bytes, at_us: int | None) -> bytes:
    """A detached CMS signature over ``digest`` (SHA-256), DER. Not to be called where an event loop runs: in a thread there.

    Args:
        signer: pyHanko's, of a file or a token.
        digest: of the content, 32 bytes.
        at_us: µs since 1970 UTC: becomes the signed attribute ``signing-time``, which CAdES-B-B demands (ETSI EN 319 122-1, 6.3); None in a PDF,
            where PAdES forbids it and the time stands in ``M`` (ETSI EN 319 142-1, 6.3).
    """
    # UTC by ITU-T X.680: whole seconds.
    at = None if at_us is None else datetime.fromtimestamp(at_us // 1_000_000, UTC)
    made = asyncio.run(
        signer.async_sign(
            digest,
            "sha256",
            use_pades=True,
            signed_attr_settings=None if at is None else PdfCMSSignedAttributes(signing_time=at),
            is_pdf_sig=at is None,
        )
    )
    der: bytes = made.dump()
    return der
