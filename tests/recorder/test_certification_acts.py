"""What is certified is not changed by the acts themselves, whatever the rule over all routes says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from protocol.hearing import State
from protocol.view import HearingView
from recorder.certification import need_current_draft
from recorder.papers import add_draft, add_transcript
from recorder.refusals import IllegalAction


def test_the_acts_refuse_by_themselves_too(tmp_path: Path) -> None:
    """Below the rule over all routes: a route that it does not know of must not open the record."""
    shown = HearingView(state=State.CERTIFIED)
    with pytest.raises(IllegalAction):
        need_current_draft(shown)
    with pytest.raises(IllegalAction):
        asyncio.run(add_transcript(tmp_path, cast("Any", SimpleNamespace(view=shown)), b"{}", "s"))
    with pytest.raises(IllegalAction):
        asyncio.run(add_draft(tmp_path, cast("Any", SimpleNamespace(view=shown)), cast("Any", None), 0, "s"))
