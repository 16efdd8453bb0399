"""``.venv/bin/python -m bench.live_lag``: how far the archive is behind a hearing that still runs.

The demo courtroom's own processes: four microphones, two cameras, recorder, archive, uploader. Once a second a judge who is
signed in at the archive asks it for ``replay.json``, and it is said for every track how long ago what it can play ended, and how old the newest line of the journal is. Then,
while the hearing goes on, what each microphone said 60 s ago is fetched from the archive by range, decoded and compared
with the file that was played: found at one place of it for all microphones, and sample by sample the same.

Exit status 1 where something said 60 s ago could not be played, or was not what was played.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np
from numpy.typing import NDArray

from bench.machine import machine
from device_config.settings import Settings
from hattama.demo import show
from hattama.demo.processes import Processes
from hattama.demo.room import CASE, PARTICIPANTS, SEATS, SECRETARY, SPEECH, camera_socket
from hattama.demo.setting_up import Prepared, prepared
from protocol.encoding import utc_us
from recorder.client import RecorderClient
from storage.archive.enrolment import archive_dir

AGO_S = 60.0
START_S = 90.0
Sound = NDArray[np.float64]



def start(room: Prepared, processes: Processes) -> None:
    """Cameras, recorder, archive and uploader; no console and no transcriber."""
    inner = room.settings
    for source in (item for item in inner.sources if item.kind == "camera"):
        at = camera_socket(inner.runtime, source.name)
        view = source.name.removeprefix("cam-")
        processes.start(source.name, "hattama.demo.camera", "--socket", str(at), "--view", view, "--court", inner.court)
        processes.wait_for(source.name, lambda at=at: at.exists() or None, START_S)  # type: ignore[misc]
    for name, more in (("recorder", ()), ("archive", ("serve",)), ("uploader", ())):
        processes.start(name, "hattama", "--config", str(room.config), name, *more)
    with RecorderClient(inner.socket) as client:
        processes.wait_for("the recorder", lambda: show._status(client), START_S)  # noqa: SLF001
    processes.wait_for("the archive", lambda: show._answers(show.urls(inner)["archive"]), START_S)  # noqa: SLF001


@contextmanager
def judge(room: Prepared) -> Iterator[httpx2.Client]:
    """A judge who is signed in at the archive."""
    url = show.urls(room.settings)["archive"].rstrip("/")
    with httpx2.Client(base_url=url, trust_env=False, timeout=30, headers={"Origin": url}) as client:
        said = client.post("/sign-in", data={"name": "judge", "password": room.passwords["judge"], "next": "/"})
        assert said.status_code == 303, said.text  # noqa: S101
        yield client


def look(browser: httpx2.Client, hearing: str, now_us: int, tracks: int) -> tuple[float | None, dict[str, Any]]:
    """Seconds that the farthest track is behind, and the hearing as the archive tells it; None where not all are there."""
    answer = browser.get(f"/hearings/{hearing}/replay.json")
    if answer.status_code != httpx2.codes.OK:
        return None, {}
    value = dict(answer.json())
    ends = [track["end_us"] for track in value["tracks"] if track["segments"]]
    return ((now_us - min(ends)) / 1e6 if len(ends) >= tracks else None), value


def played() -> Sound:
    """The file that the four microphones play, one row each."""
    with av.open(str(SPEECH)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        channels = container.streams.audio[0].codec_context.channels
    whole = np.concatenate([item.reshape(-1, channels).T if item.shape[0] == 1 else item for item in frames], axis=1)
    return np.asarray(whole, dtype=np.float64)


def fetched(browser: httpx2.Client, hearing: str, segment: dict[str, Any]) -> Sound:
    """A segment's samples, fetched in two ranges."""
    path, size = f"/hearings/{hearing}/files/{segment['path']}", int(segment["bytes"])
    parts = [f"bytes=0-{size // 2 - 1}", f"bytes={size // 2}-"]
    answers = [browser.get(path, headers={"Range": part}) for part in parts]
    assert all(answer.status_code == 206 for answer in answers)  # noqa: S101
    with av.open(io.BytesIO(b"".join(answer.content for answer in answers)), "r") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float64)


def place(sound: Sound, loop: Sound) -> tuple[int, float]:
    """Where in the looped file a sound is, in samples, and how alike the two are there (1: the same but for the level)."""
    sound = sound[: len(loop)]
    spectrum = np.fft.rfft(loop, len(loop)) * np.conj(np.fft.rfft(sound, len(loop)))
    at = int(np.argmax(np.fft.irfft(spectrum, len(loop))))
    there = np.roll(loop, -at)[: len(sound)]
    norm = float(np.linalg.norm(there) * np.linalg.norm(sound))
    return at, float(np.dot(there, sound)) / norm if norm else 0.0


def compare(browser: httpx2.Client, hearing: str, value: dict[str, Any], at_us: int) -> dict[str, tuple[int, float]]:
    """For each microphone: where in the file it was at a moment, in samples, and how alike; missing where nothing can be played."""
    loop, found = played(), {}
    for number, seat in enumerate(SEATS):
        for track in value["tracks"]:
            if track["source"] != seat.source:
                continue
            for segment in track["segments"]:
                if segment["start_us"] <= at_us < segment["end_us"]:
                    sound = fetched(browser, hearing, segment)
                    at, alike = place(sound, loop[number])
                    inside = round((at_us - segment["start_us"]) * track["rate"] / 1e6)
                    found[str(seat.source)] = ((at + inside) % loop.shape[1], alike)
    return found


def signed_s(room: Prepared, hearing: str, now_us: int) -> float | None:
    """Seconds since the newest line of the journal that has come to the archive was written."""
    chunks = sorted((archive_dir(room.settings) / "objects" / "records" / hearing / "journal.chunks").glob("*"))
    if not chunks:
        return None
    last = json.loads(chunks[-1].read_bytes().splitlines()[-1])
    return (now_us - utc_us(last["at"])) / 1e6


def measure(folder: Path, seconds: float, ago_s: float = AGO_S, *, early: bool = False) -> dict[str, Any]:
    """Hold the demo's hearing for so long, look once a second, compare what was said ``ago_s`` before its end.

    Args:
        folder: empty.
        seconds: most of the hearing.
        ago_s: what is compared.
        early: compare and end as soon as every track can be played, whatever it is then.
    """
    seen, journal = list[float](), list[float]()
    with prepared(Settings(state_dir=folder)) as room, Processes(room.settings.state_dir / "logs") as processes:
        start(room, processes)
        with RecorderClient(room.settings.socket) as client, judge(room) as browser:
            hearing = client.plan(CASE, PARTICIPANTS, SEATS)
            processes.wait_for("every camera and microphone", lambda: show._ready(client), START_S)  # noqa: SLF001
            client.start(hearing, SECRETARY)
            end, value = time.monotonic() + seconds, dict[str, Any]()
            while time.monotonic() < end:
                processes.check()
                behind, value = look(browser, hearing, _now_us(), len(SEATS) + 2)
                if (late := signed_s(room, hearing, _now_us())) is not None:
                    journal.append(late)
                if behind is not None:
                    seen.append(behind)
                    if early:
                        ago_s = behind + 0.5
                        break
                time.sleep(max(0.0, min(1.0, end - time.monotonic())))
            found = compare(browser, hearing, value, _now_us() - round(ago_s * 1e6))
            runs = client.status().recording
            client.stop(hearing, SECRETARY)
    return {
        "seconds": seconds,
        "still recorded when it was compared": runs,
        "behind_s": _spread(seen),
        "journal_s": _spread(journal),
        "looked at": len(seen),
        "microphones": {name: {"sample of the file": at, "alike": round(alike, 6)} for name, (at, alike) in found.items()},
    }


def _now_us() -> int:
    return time.time_ns() // 1000


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {"median": round(statistics.median(values), 1), "worst": round(max(values), 1)}


def good(found: dict[str, Any], limit_s: float = AGO_S) -> bool:
    """Whether everything said so long ago could be played, and was what was played: the same place of the file for all, within 5 ms."""
    microphones = list(found["microphones"].values())
    if len(microphones) < len(SEATS) or found["behind_s"] is None or not found["still recorded when it was compared"]:
        return False
    places = [item["sample of the file"] for item in microphones]
    alike = all(item["alike"] > 0.99 for item in microphones)
    return alike and max(places) - min(places) <= 240 and found["behind_s"]["worst"] <= limit_s


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.live_lag", description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=150.0, help="length of the hearing (150)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hattama-lag-") as folder:
        found = {"machine": machine(), **measure(Path(folder), options.seconds)}
    print(json.dumps(found) if options.json else "\n".join(f"{name}: {value}" for name, value in found.items()))
    return 0 if good(found) else 1


if __name__ == "__main__":
    sys.exit(main())
