"""What pyHanko logs of a signature that is not good is told by us, as a finding or an error; its tracebacks would frighten and help nobody."""

from __future__ import annotations

import logging


def hush() -> None:
    """Let pyHanko and its certificate validator print nothing by themselves; who wants to read it adds a handler to these loggers."""
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logger = logging.getLogger(name)
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())
        logger.propagate = False
