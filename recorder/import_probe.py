"""What is in a recording, and how each part of it is taken over. The file is hostile until proven otherwise.

Opening follows docs/import.md: only formats of the list below, only the file itself (no playlist, no address, no reference to
another file), limits on streams, channels and picture size. How a stream is taken over:

* sound: decoded, each channel one mono FLAC track. Lossless sound of up to 24 bits comes out exact to the sample;
* pictures that every browser shows (H.264 4:2:0 of 8 bits, VP9, AV1): copied, cut at key frames;
* other pictures: encoded once as H.264.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from recorder.import_errors import ImportFailed, InputDamaged, InputForbidden, InputNotMedia, InputRefused

#: Demuxers that may open a file: recordings of sound and pictures. None of them follows references to other files.
FORMATS = ("3gp", "aac", "ac3", "aiff", "amr", "ape", "asf", "au", "av1", "avi", "caf", "dhav", "dss", "dts", "dv", "eac3", "flac", "flv", "gxf", "h264", "hevc", "ivf", "m4v", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "mpegvideo", "mxf", "nut", "obu", "ogg", "oma", "qcp", "rm", "tak", "truehd", "tta", "voc", "w64", "wav", "wv")  # fmt: skip

MAX_STREAMS = 32
MAX_CHANNELS = 32
MAX_PIXELS = 8192 * 4320
MAX_RATE = 192_000

#: Pictures that are copied: codec → pixel formats that browsers show.
COPIED = {"h264": ("yuv420p", "yuvj420p"), "vp9": ("yuv420p",), "av1": ("yuv420p", "yuvj420p")}

#: Formats whose length is only estimated from the bit rate: too short a reading proves nothing.
ESTIMATED = (
    "mp3",
    "aac",
    "ac3",
    "eac3",
    "dts",
    "amr",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "h264",
    "hevc",
    "m4v",
    "truehd",
    "dv",
    "obu",
)

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Way = Literal["copied", "decoded", "encoded"]


@dataclass(frozen=True)
class StreamPlan:
    """One stream of a file and how it is taken over.

    Attributes:
        index: of the stream in its container.
        media: ``audio`` or ``video``.
        codec: as the file has it; `way`: how it is taken over.
        exact: the track holds exactly the samples or pictures of the file.
        channels: of sound; 1 for pictures. `rate`: samples a second; 90000 for pictures.
        wide: sound of more than 16 bits.
        title, language: as the file says, empty if it does not.
        length_us: as the file says; None if it does not, or only estimates.
    """

    index: int
    media: Literal["audio", "video"]
    codec: str
    way: Way
    exact: bool
    channels: int
    rate: int
    wide: bool
    title: str
    language: str
    length_us: int | None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


@dataclass(frozen=True)
class FilePlan:
    """What a file holds.

    Attributes:
        container: name of its format.
        created_us: when its recording began, as its metadata say in UTC; None if they do not.
        begin_us: the file's own time of its first sample or picture.
        length_us: as it says or estimates; None if neither. `estimated`: it is a guess from the bit rate.
        streams: what is taken over.
        ignored: what is not, and why: (stream, reason).
    """

    container: str
    created_us: int | None
    begin_us: int
    length_us: int | None
    estimated: bool
    streams: tuple[StreamPlan, ...]
    ignored: tuple[tuple[int, str], ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> FilePlan:
        """From plain values."""
        streams = tuple(StreamPlan(**stream) for stream in value["streams"])
        ignored = tuple((int(index), str(reason)) for index, reason in value["ignored"])
        return cls(**{**value, "streams": streams, "ignored": ignored})


def open_recording(path: Path) -> InputContainer:
    """Open a file as a recording, and nothing but this file.

    Raises:
        InputNotMedia: of no format that is read.
        InputDamaged: of one of them, but nothing can be read.
        InputForbidden: it may not be read.
    """
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(FORMATS), "max_streams": str(MAX_STREAMS)}
    try:
        return av.open("file:" + str(path.absolute()), options=options, metadata_errors="replace")
    except PermissionError as error:
        raise InputForbidden(f"{path.name}: may not be read") from error
    except (av.FFmpegError, ValueError, OSError) as error:
        raise _why_not(path) from error


def _why_not(path: Path) -> ImportFailed:
    """Tell a recording that was cut off from what is no recording, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(64)
    kind = next((name for name, at, marks in _MARKS if head[at:].startswith(marks)), None)
    if kind is None:
        return InputNotMedia(f"{path.name}: is no audio or video recording of a known kind")
    if kind == "MP4":
        return InputDamaged(
            f"{path.name}: is an MP4 whose index (moov) is missing; the recording was cut off before it ended"
        )
    return InputDamaged(f"{path.name}: begins like {kind} but cannot be read")


#: What files of common kinds begin with: name, offset, marks.
_MARKS: tuple[tuple[str, int, tuple[bytes, ...]], ...] = (
    ("MP4", 4, (b"ftyp", b"moov", b"mdat", b"wide", b"free")),
    ("Matroska", 0, (b"\x1aE\xdf\xa3",)),
    ("WAV or AVI", 0, (b"RIFF", b"RF64")),
    ("FLAC", 0, (b"fLaC",)),
    ("Ogg", 0, (b"OggS",)),
    ("MP3", 0, (b"ID3",)),
    ("Windows Media", 0, (b"0&\xb2u\x8ef\xcf\x11",)),
)


def probe(path: Path) -> FilePlan:
    """Look into a file without decoding more than FFmpeg needs to know its streams.

    Raises:
        ImportFailed: it cannot be opened, holds neither sound nor pictures, or is beyond a limit.
    """
    with open_recording(path) as container:
        found: list[StreamPlan] = []
        ignored: list[tuple[int, str]] = []
        for stream in container.streams:
            plan = _plan(stream, path, _estimated(container))
            if isinstance(plan, StreamPlan):
                found.append(plan)
            else:
                ignored.append((stream.index, plan))
        if not found:
            reasons = "; ".join(reason for _, reason in ignored)
            raise InputNotMedia(f"{path.name}: holds neither sound nor pictures" + (f" ({reasons})" if reasons else ""))
        if sum(stream.channels for stream in found) > MAX_CHANNELS:
            raise InputRefused(f"{path.name}: more than {MAX_CHANNELS} channels and pictures together")
        return FilePlan(
            container.format.name,
            _created(container),
            container.start_time or 0,
            container.duration,
            _estimated(container),
            tuple(found),
            tuple(ignored),
        )


def _plan(stream: Stream, path: Path, estimated: bool) -> StreamPlan | str:
    """How a stream is taken over, or why it is not."""
    if stream.type not in ("audio", "video"):
        return f"{stream.type} is not taken over"
    if stream.disposition & Disposition.attached_pic:
        return "a cover picture"
    if stream.codec_context is None:
        return "no decoder for its codec"
    common = {
        "index": stream.index,
        "codec": stream.codec_context.codec.canonical_name,
        "title": _clean(stream.metadata.get("title", "")),
        "language": _clean(stream.metadata.get("language", "")),
        "length_us": None if estimated else _declared_wav(path) or _length(stream),
    }
    if isinstance(stream, AudioStream):
        return _sound(stream, path, common)
    if isinstance(stream, VideoStream):
        return _picture(stream, path, common)
    return "unknown"


def _sound(stream: AudioStream, path: Path, common: dict[str, Any]) -> StreamPlan | str:
    context = stream.codec_context
    if not stream.rate or not stream.channels or context.format is None:
        return "sound whose rate or channels cannot be known"
    if stream.rate > MAX_RATE or stream.channels > MAX_CHANNELS:
        raise InputRefused(f"{path.name}: sound of {stream.channels} channels at {stream.rate} Hz")
    lossless = context.codec.lossless and not context.codec.lossy
    whole = context.format.name.rstrip("p") in ("u8", "s16", "s32")  # integers
    full = common["codec"].startswith(("pcm_s32", "pcm_u32"))  # 32 bits: FLAC in MP4 carries 24
    wide = context.format.name.rstrip("p") == "s32" or (lossless and not whole)
    return StreamPlan(
        **common,
        media="audio",
        way="decoded",
        exact=lossless and whole and not full,
        channels=stream.channels,
        rate=stream.rate,
        wide=wide,
    )


def _picture(stream: VideoStream, path: Path, common: dict[str, Any]) -> StreamPlan | str:
    context = stream.codec_context
    if not context.width or not context.height:
        return "pictures whose size cannot be known"
    if context.width * context.height > MAX_PIXELS:
        raise InputRefused(f"{path.name}: pictures of {context.width} × {context.height}")
    copied = context.pix_fmt in COPIED.get(common["codec"], ())
    return StreamPlan(
        **common,
        media="video",
        way="copied" if copied else "encoded",
        exact=copied,
        channels=1,
        rate=90_000,
        wide=False,
    )


def _estimated(container: InputContainer) -> bool:
    return container.format.name in ESTIMATED


def _length(stream: Stream) -> int | None:
    if stream.duration is None or not stream.time_base:
        return None
    return int(stream.duration * stream.time_base * 1_000_000)


def _declared_wav(path: Path) -> int | None:
    """Length that the header of a WAV file promises, µs; FFmpeg quietly takes the file's own where that is less.

    None for other files, and where the recorder left the length open (0, or the largest number while it recorded).
    """
    with path.open("rb") as file:
        riff = file.read(12)
        if riff[:4] != b"RIFF" or riff[8:] != b"WAVE":
            return None
        bytes_a_second = 0
        while len(head := file.read(8)) == 8:  # chunks: name, length
            name, length = head[:4], int.from_bytes(head[4:], "little")
            if name == b"data":
                known = bytes_a_second and 0 < length < 2**32 - 2**16
                return length * 1_000_000 // bytes_a_second if known else None
            body = file.read(16) if name == b"fmt " and length >= 16 else b""
            bytes_a_second = int.from_bytes(body[8:12], "little") if body else bytes_a_second
            file.seek(length + length % 2 - len(body), 1)
    return None


def _created(container: InputContainer) -> int | None:
    """``creation_time`` of the metadata, if it is a plausible moment in UTC."""
    text = container.metadata.get("creation_time", "")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or moment < _EARLIEST:  # devices without a clock write 1904 or 1970
        return None
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _clean(text: str) -> str:
    """A text of the file that may stand in a journal: without control characters, at most 100 characters."""
    return "".join(c for c in text if c.isprintable())[:100]
