"""What is looked after once a second, whatever happens: health, missing seals and signatures, the second copy, keys to forget, the reserve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder import deliberation, signing

if TYPE_CHECKING:
    from recorder.service import Daemon

#: Seconds between two looks at the reserve.
_RESERVE_S = 10


def look(daemon: Daemon, second: int) -> None:
    """Look at everything.

    Args:
        daemon: whose things they are.
        second: counted from its start, from 1.
    """
    session, findings = daemon.session, daemon.findings
    daemon.health.look(session)
    deliberation.look(session, daemon.room, findings, daemon.clock.now()[0])
    daemon.sealing.look(session)
    daemon.second_copy.look(session, findings, daemon.clock.now()[0])
    signing.look(session, findings, daemon.clock.now()[0])
    daemon.forgetting.look(second)
    if second % _RESERVE_S == 1:
        daemon.in_turn(daemon.reserve.restore)
