"""What a setting may hold where an address or a key is meant: checked when the settings are read, so that no service finds it out for itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from protocol.errors import BadNote


def check_address(text: str) -> str:
    """An address of a service. Raises ValueError; the message never repeats it, for it may carry a password."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - asks for it to be a number
    except ValueError:
        raise ValueError("is no address: http://host or https://host, with :port where it has one") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(mark.isspace() for mark in text):
        raise ValueError("is no address: it begins with http:// or https:// and the name of a host")
    if parts.query or parts.fragment:
        raise ValueError("is no address of a service: it has a ? or #")
    return text


def check_own_name(text: str) -> str:
    """A name under which boxes reach the archive. Raises ValueError."""
    if not re.fullmatch(r"[^\s/@?#]+", text):
        raise ValueError("is `host` or `host:port`, without http:// and without a path")
    return text


def check_hours(text: str) -> str:
    """Hours of a day. Raises ValueError."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError("is not of the form 18:30-08:00")
    return text


def check_log_key(text: str) -> str:
    """The key of a log. Raises ValueError."""
    from protocol.note import VerifierKey  # needed only where one is set

    return _check_key(text, VerifierKey.from_text, "hattama archive key")


def check_witness_key(text: str) -> str:
    """The key of a witness. Raises ValueError."""
    from protocol.cosignature import WitnessKey

    return _check_key(text, WitnessKey.from_text, "hattama witness --key")


def _check_key(text: str, read: Callable[[str], object], command: str) -> str:
    try:
        read(text)
    except BadNote as error:
        raise ValueError(f"{error}: `{command}` prints it there, name+key ID+base64 in one line") from error
    return text


OwnName = Annotated[str, AfterValidator(check_own_name)]
HoursOfDay = Annotated[str, AfterValidator(check_hours)]
Address = Annotated[str, AfterValidator(check_address)]
LogKey = Annotated[str, AfterValidator(check_log_key)]
WitnessPublicKey = Annotated[str, AfterValidator(check_witness_key)]
