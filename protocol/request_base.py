"""What a device signs beside checkpoints: the signature base (RFC 9421, section 2.5) of its own requests to an archive.

The form is fixed, so that a signer can tell one from everything else: no checkpoint begins with a quotation mark, and no
signature over one can be taken for the other.
"""

from __future__ import annotations

import re

TAG = "hattama-box"

_BASE = re.compile(
    r'"@method": (?:GET|PUT|POST)\n"@authority": [A-Za-z0-9.:\[\]-]{1,300}\n"@path": /[!-~]{0,2000}\n"@query": \?[!-~]{0,2000}\n'
    r'(?:"content-digest": sha-256=:[A-Za-z0-9+/=]{44}:\n)?'
    r'"@signature-params": \("@method" "@authority" "@path" "@query"(?: "content-digest")?\)'
    r';created=[0-9]{1,12};keyid="(?P<keyid>[!#-\[\]-~]{1,300})";alg="ed25519";nonce="[A-Za-z0-9_-]{22}";tag="' + TAG + r'"\Z'
)


def key_id_of(base: str) -> str | None:
    """The key that a text names, if it is the signature base of a box's request; None if it is anything else."""
    found = _BASE.match(base)
    return found["keyid"] if found else None
