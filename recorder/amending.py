"""The PDF of an amendment, rendered in a process of its own: WeasyPrint does not belong into the daemon (recorder.drafting).

``python -m recorder.amending`` reads one JSON object on standard input and writes the PDF on standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from dataclasses import asdict

from protocol.amendment import Amendment, document
from protocol.errors import ProtocolError
from protocol.view import HearingView
from recorder.refusals import NotDrafted

_PATIENCE_S = 120.0


async def render_apart(amendment: Amendment, view: HearingView) -> bytes:
    """The PDF.

    Raises:
        NotDrafted: it could not be made, or not in time.
    """
    case = view.case
    task = {"amendment": asdict(amendment), "names": [case.number, case.title, case.judge, case.secretary]}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "recorder.amending", stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            output, said = await process.communicate(json.dumps(task).encode())
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise NotDrafted(f"the amendment was not ready within {_PATIENCE_S:g} s") from error
    if process.returncode or not output.startswith(b"%PDF"):
        raise NotDrafted(f"the amendment could not be made: {said.decode(errors='replace')[-300:]}")
    return output


def main() -> int:
    """Render what standard input asks for."""
    # Here: the daemon imports this module, and must not pay for WeasyPrint.
    from protocol.documents import render_page, render_pdf

    os.nice(10)
    task = json.load(sys.stdin)
    try:
        pdf = render_pdf(render_page(document(Amendment(**task["amendment"]), *task["names"])))
    except (ProtocolError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())
