"""A recording as a record of one take, so that the whole pipeline hears it as it hears a hearing: each channel a microphone.

The file is decoded once, channel by channel, into a temporary file of 16-bit samples; memory does not grow with its length.
"""

from __future__ import annotations

import io
import tempfile
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import av
import numpy as np
import numpy.typing as npt

from protocol.hearing import Case, Participant, Seat, Segment, Take
from protocol.record import UnreadableRecord
from protocol.view import HearingView
from transcription.audio import as_they_are
from transcription.errors import EvaluationInput
from transcription.recognizer import SAMPLE_RATE

TAKE: Final = "T01"
_PIECE: Final = 10 * SAMPLE_RATE
_MOST_CHANNELS: Final = 64


class SoundRecord:
    """One recording, read as a record; it is a :class:`protocol.record.RecordSource`. Close it: it has files."""

    def __init__(self, path: Path, language: str, seats: Mapping[int, str] | None = None) -> None:
        """Decode the file.

        Args:
            path: any container and codec that FFmpeg reads from a plain file.
            language: of the hearing, ISO 639.
            seats: channel → the participant who sits there.

        Raises:
            EvaluationInput: no sound can be had from it.
        """
        self._channels: list[IO[bytes]] = []
        try:
            count = self._decode(path)
        except (av.FFmpegError, OSError, IndexError, ValueError) as error:
            self.close()
            raise EvaluationInput(f"{path}: no sound can be had from it: {error}") from error
        self.seconds: Final = count / SAMPLE_RATE
        self.channels: Final = len(self._channels)
        self.view: Final = self._view(path.name, language, count, seats or {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the temporary files back."""
        for file in self._channels:
            file.close()

    def _decode(self, path: Path) -> int:
        count = 0
        with av.open(str(path), mode="r", options={"protocol_whitelist": "file"}, metadata_errors="replace") as container:
            resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE, frame_size=SAMPLE_RATE)
            for frame in container.decode(audio=0):
                if (exact := as_they_are(frame)) is not None:
                    count += self._add(exact[None])
                    continue
                for piece in resampler.resample(frame):
                    count += self._add(_of_16_bits(piece.to_ndarray()))
            if self._channels:
                for piece in resampler.resample(None):
                    count += self._add(_of_16_bits(piece.to_ndarray()))
        return count

    def _add(self, samples: npt.NDArray[np.int16]) -> int:
        if not self._channels:
            if len(samples) > _MOST_CHANNELS:
                raise ValueError(f"{len(samples)} channels; at most {_MOST_CHANNELS}")
            self._channels = [tempfile.TemporaryFile(prefix="hattama-evaluate-") for _ in samples]  # noqa: SIM115 - close() does
        for file, channel in zip(self._channels, samples, strict=True):
            file.write(channel.tobytes())
        return int(samples.shape[1])

    def source(self, channel: int) -> str:
        """Name of a channel's microphone."""
        return f"channel-{channel}"

    def _view(self, name: str, language: str, count: int, seats: Mapping[int, str]) -> HearingView:
        view = HearingView(hearing=name, case=Case(language=language))
        sources = tuple(self.source(number) for number in range(self.channels))
        view.takes[TAKE] = Take(TAKE, "open", 0, sources, _us(count))
        for source in sources:
            for number, first in enumerate(range(0, count, _PIECE), 1):
                last = min(first + _PIECE, count)
                view.segments.append(
                    Segment(
                        f"media/{TAKE}/{source}/{number:06d}.wav", TAKE, source, number, 44 + 2 * (last - first), "",
                        _us(first), _us(last), "audio", "pcm_s16le", SAMPLE_RATE, last - first, 1, "roll",
                    )
                )  # fmt: skip
        for channel, person in seats.items():
            view.participants.setdefault(person, Participant(person, "participant", person))
            view.seats[f"seat-{channel}"] = Seat(f"seat-{channel}", "", self.source(channel), person)
        return view

    def paths(self) -> list[str]:
        """All pieces of all channels."""
        return sorted(segment.path for segment in self.view.segments)

    def size(self, path: str) -> int:
        """Bytes of a piece."""
        return len(self.read(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """A piece, whole."""
        yield self.read(path)

    def read(self, path: str) -> bytes:
        """A piece of ten seconds as a WAV file.

        Raises:
            UnreadableRecord: there is no such piece.
        """
        try:
            channel, number = path.removeprefix(f"media/{TAKE}/channel-").removesuffix(".wav").split("/")
            file = self._channels[int(channel)]
            file.seek((int(number) - 1) * _PIECE * 2)
        except (ValueError, IndexError) as error:
            raise UnreadableRecord(f"{path}: no such piece") from error
        out = io.BytesIO()
        with wave.open(out, "wb") as made:
            made.setnchannels(1)
            made.setsampwidth(2)
            made.setframerate(SAMPLE_RATE)
            made.writeframes(file.read(_PIECE * 2))
        return out.getvalue()


def _of_16_bits(samples: npt.NDArray[Any]) -> npt.NDArray[np.int16]:
    known = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(np.clip(known, -1.0, 32767 / 32768) * 32768, np.int16)


def _us(samples: int) -> int:
    return samples * 1_000_000 // SAMPLE_RATE
