"""No hearing of the demo is left recording: a demo that is ended stops and seals what runs, and the next one what a kill left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from device_config.settings import Settings
from hattama.demo.room import SECRETARY
from hattama.errors import DemoFailed
from protocol.hearing import State
from recorder.client import RecorderClient, Refused, Unreachable

Say = Callable[[str], None]

_BEGUN = (State.RECORDING, State.PAUSED, State.FAULTY)


def begun(client: RecorderClient) -> list[str]:
    """Hearings that were begun and not finished; one that is only planned keeps the room from nobody."""
    return [str(item["hearing"]) for item in client.hearings() if State(item["state"]) in _BEGUN]


def clear(client: RecorderClient, say: Say) -> None:
    """Stop and seal the hearings that an earlier demo, or somebody in its pages, left.

    Raises:
        DemoFailed: the recorder does not end one; it says why, and what to do.
    """
    for hearing in begun(client):
        say(f"an earlier demo left the hearing {hearing}: it is stopped and sealed first")
        try:
            client.stop(hearing, SECRETARY)
        except Refused as error:
            raise DemoFailed(
                f"the hearing {hearing}, left by an earlier demo, cannot be ended: {error}. {error.advice}"
            ) from error


@contextmanager
def in_good_order(inner: Settings, say: Say) -> Iterator[None]:
    """However the block ends (Ctrl-C, SIGTERM, an error): what is being recorded is stopped and sealed, or it is said what is left.

    The block's own exception goes on.
    """
    try:
        yield
    finally:
        try:
            _stop(inner, say)
        except KeyboardInterrupt:
            say("not waited for: the next demo ends the hearing")
            raise


def _stop(inner: Settings, say: Say) -> None:
    with RecorderClient(inner.socket) as client:
        try:
            left = begun(client)
        except Unreachable:
            return  # nothing was started yet, or the recorder died: the next demo finds what it left
        except Refused as error:
            say(f"the recorder does not tell its hearings: {error}; the next demo ends what is left")
            return
        for hearing in left:
            say(f"ending: the hearing {hearing} is stopped and sealed")
            try:
                client.stop(hearing, SECRETARY)
            except Refused as error:
                say(f"left as it is: {error}; the next demo ends it. Its record: {inner.hearings / hearing}")
            else:
                say(f"sealed: {inner.hearings / hearing}")
