"""Signing in to a camera: Basic (RFC 7617) and Digest with MD5 and SHA-256 (RFC 2617, RFC 7616)."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

# Strongest first.
_HASHES = {"SHA-256": "sha256", "MD5": "md5"}
# Possessive where they repeat: a camera that sends sixteen thousand blanks must not keep us for hours.
_PART = re.compile(r'(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{1,32}+)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s,"]*+))')
_NEXT = re.compile(r",\s*+(?=(?:Basic|Digest)\s)", re.IGNORECASE)  # several ways in one header
_SCHEME = re.compile(r"\s*([A-Za-z]{1,20})(?:\s+|\Z)")


@dataclass(frozen=True)
class Challenge:
    """What a camera asks for. ``hash`` is hashlib's name; empty for Basic."""

    hash: str
    algorithm: str = ""
    realm: str = ""
    nonce: str = ""
    opaque: str = ""
    qop: bool = False
    stale: bool = False


def challenge(values: Iterable[str]) -> Challenge | None:
    """The strongest known one of all ``WWW-Authenticate``; None when none is known."""
    found = [item for value in values for way in _NEXT.split(value) for item in [_one(way)] if item is not None]
    order = [*_HASHES.values(), ""]
    return min(found, key=lambda item: order.index(item.hash), default=None)


def _one(value: str) -> Challenge | None:
    scheme = _SCHEME.match(value)
    if scheme is None:
        return None
    parts = {
        name.lower(): _plain(quoted) if quoted else bare for name, quoted, bare in _PART.findall(value[scheme.end() :])
    }
    if scheme[1].lower() == "basic":
        return Challenge("", realm=parts.get("realm", ""))
    algorithm = parts.get("algorithm", "MD5")
    known = _HASHES.get(algorithm.upper())
    qops = [item.strip().lower() for item in parts.get("qop", "").split(",") if item.strip()]
    if scheme[1].lower() != "digest" or known is None or "nonce" not in parts or (qops and "auth" not in qops):
        return None
    shown = algorithm if "algorithm" in parts else ""
    stale = parts.get("stale", "").lower() == "true"
    return Challenge(known, shown, parts.get("realm", ""), parts["nonce"], parts.get("opaque", ""), bool(qops), stale)


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class SignIn:
    """The answer to a camera's challenge.

    Args:
        user: name.
        password: password.
        draw: a number used once, for Digest with ``qop``.
    """

    def __init__(self, user: str, password: str, draw: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._user, self._password, self._draw = user, password, draw
        self._asked: Challenge | None = None
        self._count = 0

    def ask(self, asked: Challenge) -> None:
        """The camera asks for this from now."""
        self._asked, self._count = asked, 0

    def header(self, method: str, url: str) -> dict[str, str]:
        """``Authorization`` for a request; empty as long as the camera asks for nothing."""
        asked = self._asked
        if asked is None:
            return {}
        if not asked.hash:
            login = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
            return {"Authorization": f"Basic {login}"}
        return {"Authorization": self._digest(asked, method, url)}

    def _digest(self, asked: Challenge, method: str, url: str) -> str:
        def digest(text: str) -> str:
            return hashlib.new(asked.hash, text.encode(), usedforsecurity=False).hexdigest()

        secret, action = digest(f"{self._user}:{asked.realm}:{self._password}"), digest(f"{method}:{url}")
        fields = [("username", self._user), ("realm", asked.realm), ("nonce", asked.nonce), ("uri", url)]
        bare = [("algorithm", asked.algorithm)] if asked.algorithm else []
        if asked.qop:
            self._count += 1
            count, own = f"{self._count:08x}", self._draw()
            answer = digest(f"{secret}:{asked.nonce}:{count}:{own}:auth:{action}")
            bare += [("qop", "auth"), ("nc", count)]
            fields.append(("cnonce", own))
        else:
            answer = digest(f"{secret}:{asked.nonce}:{action}")
        fields.append(("response", answer))
        if asked.opaque:
            fields.append(("opaque", asked.opaque))
        shown = [f"{name}={_quoted(value)}" for name, value in fields] + [f"{name}={value}" for name, value in bare]
        return "Digest " + ", ".join(shown)
