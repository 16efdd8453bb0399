"""From the end of a hearing to the protocol that can be signed."""

from __future__ import annotations

from protocol.brief_rules import points_of
from recorder.client import RecorderClient


def drafted_and_confirmed(client: RecorderClient, hearing: str, language: str = "ru", by: str = "secretary") -> int:
    """Draft with a reason for each point that may be missing, and confirm every section; the number of what there is to sign."""
    code = client.hearing(hearing)["case"]["code"]
    files = client.draft(hearing, reasons={key: "не велось" for key, _law, _article in points_of(code)})
    number = int(files[0].rpartition("-")[2].partition(".")[0])
    client.confirm(hearing, number, client.sections(hearing, language), by)
    return number + 1
