"""The log: one JSON object a line on standard error, or readable lines when a person looks on.

Every line has an ``action``; a line without one gets its event's name, so that a log can always be searched by it.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

import structlog


def configure() -> None:
    """Set structlog up for this process; standard output stays free for what a command prints."""
    renderer = structlog.dev.ConsoleRenderer(colors=True) if sys.stderr.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _action,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _action(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.setdefault("action", str(event.get("event", "")).replace(" ", "_"))
    return event
