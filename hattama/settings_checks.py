"""What services refuse at their start by the settings alone, and the files that these name.

::

    settings as read ──► each service's own check, as at its start ──► the errors, with their own codes and sentences

What the text of a setting alone tells is refused when the settings are read, by every command. What is left is checked here by the very functions that the
services call, so that the two cannot differ. Nothing is opened but files that the settings name: no database, bucket or port, no other machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from device_config.settings import Settings


def problems(settings: Settings) -> Iterator[Exception]:
    """What is wrong, in the order of the tables of docs/settings.md: errors that carry code, exit status and advice."""
    for check in CHECKS:
        try:
            check(settings)
        except Exception as error:
            if not isinstance(getattr(error, "code", None), str):
                raise
            yield error


def _passkeys(settings: Settings) -> None:
    """Console and archive."""
    if settings.passkeys.domain or settings.passkeys.origins:
        from web.passkeys import RelyingParty

        RelyingParty.of(settings.passkeys.domain, settings.passkeys.origins)


def _database(settings: Settings) -> None:
    """Archive."""
    if settings.archive.database is not None:
        from storage.database import Database

        Database(settings.archive.database).close()


def _bucket(settings: Settings) -> None:
    """Archive."""
    if settings.archive.s3.bucket is not None:
        from storage.archive.enrolment import bucket_store

        bucket_store(_with_keys(settings))


def _with_keys(settings: Settings) -> Settings:
    """With credentials of some kind: without any, boto3 asks the network for them, and who is there to be asked is not of the settings."""
    s3 = settings.archive.s3
    if s3.access_key is not None:
        return settings
    s3 = s3.model_copy(update={"access_key": "unknown", "secret_key": "unknown"})
    return settings.model_copy(update={"archive": settings.archive.model_copy(update={"s3": s3})})


def _authorities(settings: Settings) -> None:
    """Archive; an uploader goes on without them and stamps nothing."""
    if settings.archive.tsa.authorities is not None:
        from storage.archive.stamps import authorities_of

        authorities_of(settings)


CHECKS: Final[tuple[Callable[[Settings], None], ...]] = (_passkeys, _database, _bucket, _authorities)
