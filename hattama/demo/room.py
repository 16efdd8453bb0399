"""The demo courtroom: its settings, its case, and what happens in it when. Everything in it is made up and says so."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device_config.settings import (
    ArchiveSettings,
    ConsoleSettings,
    ModelSettings,
    Settings,
    SourceSettings,
    SpeechSettings,
)
from protocol.hearing import Case, Participant, Seat

SPEECH = Path(__file__).parent / "assets" / "speech.opus"
#: Made by scripts/make_demo_model.py; it knows the sentences of the demo and marks every word of its as a demonstration's.
MODEL = Path(__file__).parent / "assets" / "model"
COURT = "Демонстрационный районный суд"
SECRETARY, JUDGE = "Д. Үлгі (демо)", "А. Тестова (демо)"

CASE = Case(
    number="0000-26-00-2/1-DEMO",
    code="gpk",
    court=COURT,
    courtroom="№ 1",
    title="Демонстрация: Сериков А. к Ахметову Б. о взыскании долга",
    kind="Судебное разбирательство",
    language="ru",
    judge=JUDGE,
    secretary=SECRETARY,
)
PARTICIPANTS = (
    Participant("judge", "presiding_judge", JUDGE),
    Participant("plaintiff", "plaintiff", "А. Сериков (демо)"),
    Participant("defendant", "defendant", "Б. Ахметов (демо)"),
    Participant("secretary", "secretary", SECRETARY),
)
SEATS = (
    Seat("bench", "Председательствующий", "mic-bench", "judge"),
    Seat("plaintiff", "Истец", "mic-plaintiff", "plaintiff"),
    Seat("defendant", "Ответчик", "mic-defendant", "defendant"),
    Seat("secretary", "Секретарь", "mic-secretary", "secretary"),
)


@dataclass(frozen=True)
class Act:
    """What the secretary marks, at a share of the recorded time; a stage by its code, or else a remark."""

    at: float
    stage: str | None = None
    participant: str | None = None
    remark: str = ""


ACTS = (
    Act(0.03, "OPEN"),
    Act(0.30, "REC_ANNOUNCE"),
    Act(0.38, "APPEARANCE"),
    Act(0.50, "COMPOSITION"),
    Act(0.65, "RIGHTS"),
    Act(0.78, "EXPLANATION", "plaintiff"),
    Act(0.85, remark="Демонстрация: истец ссылается на расписку."),
    Act(0.93, "EXPLANATION", "defendant"),
)


def demonstration_speech() -> SpeechSettings:
    """The demonstration model for Russian and Kazakh, where the caller's settings name no model."""
    options: dict[str, str | float | bool] = {"compute_type": "float32"}
    model = ModelSettings(engine="faster-whisper", path=MODEL, languages=("ru", "kk"), options=options)
    return SpeechSettings(models=(model,), device="cpu")


def settings(state: Path, run: Path, speech: SpeechSettings) -> Settings:
    """Settings of the demo's box and archive.

    Args:
        state: folder of its records, keys and accounts.
        run: folder of its sockets.
        speech: the caller's models, if there are any.
    """
    console, archive = free_port(ConsoleSettings().port), free_port(ArchiveSettings().port)
    return Settings(
        device_name="demo.hattama.local",
        court=COURT,
        courtroom=CASE.courtroom,
        city="Демоград",
        state_dir=state,
        run_dir=run,
        sources=(
            _camera("cam-bench", "Суд", run),
            _camera("cam-room", "Зал", run),
            SourceSettings(
                name="mics",
                kind="file",
                media="audio",
                label="Четыре микрофона",
                path=SPEECH,
                loop=True,
                channels=tuple(str(seat.source) for seat in SEATS),
                labels=tuple(seat.label for seat in SEATS),
            ),
        ),
        speech=speech,
        console=ConsoleSettings(port=console),
        archive=ArchiveSettings(
            name="demo-archive.hattama.local", port=archive, url=f"http://127.0.0.1:{archive}"
        ),
    )


def _camera(name: str, label: str, run: Path) -> SourceSettings:
    return SourceSettings(name=name, kind="camera", media="video", label=label, url=f"unix:{camera_socket(run, name)}")


def camera_socket(run: Path, name: str) -> Path:
    """Where a demo camera serves its stream."""
    return run / f"{name}.ts"


def free_port(wanted: int) -> int:
    """``wanted`` if nobody listens there on the loopback, else a port that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError  # port 0 is always free, or the bind above has raised


def write_toml(value: Settings, path: Path) -> None:
    """Write settings as the TOML file that the demo's processes read; it holds a token, so only its owner reads it."""
    path.touch(mode=0o600)
    path.write_text("".join(_table("", value.model_dump(mode="json", exclude_none=True))), encoding="utf-8")


def _table(name: str, values: dict[str, Any]) -> list[str]:
    """One table: its plain values first, then its tables and lists of tables, as TOML wants it."""
    nested = {key: value for key, value in values.items() if isinstance(value, dict) or _is_tables(value)}
    # A JSON string, number, boolean or list of strings is the same in TOML.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items() if key not in nested]
    for key, value in nested.items():
        path = f"{name}.{key}" if name else key
        if isinstance(value, dict):
            lines += [f"\n[{path}]\n", *_table(path, value)]
        else:
            lines += [line for item in value for line in (f"\n[[{path}]]\n", *_table(path, item))]
    return lines


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
