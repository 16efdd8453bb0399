"""Settings of a box, an archive or a demo: one TOML file, overridden by environment variables.

Order, last wins: defaults here, the TOML file (``--config`` or ``HATTAMA_CONFIG``), environment variables
``HATTAMA_<NAME>`` (nested: ``HATTAMA_ARCHIVE__PORT``). A wrong setting is named with its line by :func:`load`.
Every field has a description; docs/settings.md is checked against them by a test.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings.exceptions import SettingsError as UnreadableSource

from device_config import variables
from device_config.addresses import Address, HoursOfDay, OwnName
from device_config.errors import SettingsError
from device_config.log_settings import MonitorSettings, WitnessPeer, WitnessSettings
from device_config.passkey_settings import PasskeySettings
from device_config.sources import SourceSettings
from device_config.tsa import TsaSettings
from protocol.encoding import unb64
from protocol.errors import BadEncoding

__all__ = ["ArchiveSettings", "BucketSettings", "ClosedSettings", "ConsoleSettings", "DiarizationSettings", "ModelSettings", "Settings", "SigningSettings", "SourceSettings", "SpeechSettings", "TsaSettings", "default_state_dir", "load"]


def default_state_dir() -> Path:
    """``$XDG_STATE_HOME/hattama`` (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "hattama"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSettings(_Model):
    """A speech model on the disk of this box."""

    engine: Literal["faster-whisper", "moonshine", "onnx-asr"] = Field(description="The engine that reads it.")
    path: Path = Field(description="Folder of the model; nothing is ever downloaded.")
    languages: tuple[str, ...] = Field(description="Languages it is used for: kk, ru, en.")
    options: dict[str, str | int | float | bool] = Field(default_factory=dict, description="Options of the engine.")
    use: Literal["both", "live", "full"] = Field(
        default="both", description="`live`: only for the draft while a hearing is recorded; `full`: only for the transcript after its end."
    )
    witness: bool = Field(
        default=False, description="Hears doubtful passages of its languages that another model wrote, for the transcript after the end; it writes no word of them."
    )


class DiarizationSettings(_Model):
    """Voices told apart on a microphone that several share, and in files of one channel."""

    path: Path | None = Field(default=None, description="Folder of the model; voices are told apart only where it is set.")
    python: Path | None = Field(
        default=None, description="Interpreter that has pyannote.audio; the program's own without it."
    )
    step: float = Field(
        default=0.25, ge=0.02, le=1.0, description="How far its window moves on, as a share of it; less is finer and slower."
    )


class SpeechSettings(_Model):
    """Speech to text."""

    models: tuple[ModelSettings, ...] = Field(default=(), description="Models, the first that knows a language is used.")
    threads: int = Field(default=2, ge=1, description="Processor threads of one recognition.")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where recognition runs.")
    live: bool = Field(default=True, description="Write a draft while the hearing is recorded.")
    diarization: DiarizationSettings = Field(
        default=DiarizationSettings(), description="Voices told apart on a shared microphone."
    )
    witness_from: float = Field(
        default=0.3, ge=0, le=1, description="Doubt of a passage, before calibration, from which a witness is asked."
    )
    calibration: Path | None = Field(
        default=None, description="File that `hattama evaluate --calibrate` wrote; doubts are not calibrated without it."
    )
    working: Path | None = Field(
        default=None, description="Folder of the transcriber's working files; default <state_dir>/working."
    )


class ClosedSettings(_Model):
    """Parts in camera: whose keys open them later. Without both keys nothing is recorded in camera."""

    archive_key: str | None = Field(default=None, description="Public key of the archive for closed parts, as `hattama keys archive` prints it there.")
    escrow_key: str | None = Field(default=None, description="Public key of the escrow for closed parts, as `hattama keys new FILE` prints it.")

    @field_validator("archive_key", "escrow_key")
    @classmethod
    def _check_key(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                unb64(text, 32)
            except BadEncoding as error:
                raise ValueError(f"not a public key (base64 of 32 bytes): {error}") from error
        return text

    @property
    def recipients(self) -> dict[str, bytes] | None:
        """Public keys by the name of their owner (record format, section 9); None unless both are set."""
        if self.archive_key is None or self.escrow_key is None:
            return None
        return {"archive": unb64(self.archive_key, 32), "escrow": unb64(self.escrow_key, 32)}


class CasesSettings(_Model):
    """The day's list of hearings."""

    folder: Path | None = Field(default=None, description="Folder that the console watches for lists; none is watched without it.")
    token: str | None = Field(
        default=None, min_length=20, description="Token with which the case system may send lists to the console; it may not without one.", repr=False
    )
    keep_days: int = Field(default=92, ge=1, le=3660, description="Days for which a hearing stays in the list after its day.")


class ConsoleSettings(_Model):
    """The web app in the courtroom."""

    host: str = Field(default="127.0.0.1", description="Address it listens on.")
    port: int = Field(default=8801, ge=0, le=65535, description="Port it listens on.")


class BucketSettings(_Model):
    """A bucket of an S3 service where the archive keeps its objects."""

    bucket: str | None = Field(default=None, description="Name of the bucket; without it objects lie in a folder below state_dir.")
    endpoint: Address | None = Field(default=None, description="Address of the service; Amazon's for the region without it.")
    boxes_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#]+/?$",
        description="Address at which boxes reach the service. With it, recorded files go straight from box to bucket, each by a request that the archive "
        "signs for it; without it everything comes through the archive.",
    )
    region: str = Field(default="default", description="Region of the service.")
    access_key: str | None = Field(default=None, description="Name of the credentials; where boto3 finds them without it.")
    secret_key: str | None = Field(default=None, description="Secret of the credentials.", repr=False)
    ca_bundle: Path | None = Field(
        default=None, description="PEM file of certificates that the service's own is checked with; the system's without it."
    )

    @model_validator(mode="after")
    def _of_a_bucket(self) -> Self:
        if self.boxes_endpoint is not None and self.bucket is None:
            raise ValueError("boxes_endpoint needs bucket: without one nothing goes straight from a box to the store")
        return self


class ArchiveSettings(_Model):
    """The archive as a service, and as the box sees it."""

    host: str = Field(default="127.0.0.1", description="Address it listens on.")
    port: int = Field(default=8802, ge=0, le=65535, description="Port it listens on.")
    name: str = Field(default="archive.hattama.local", pattern=r"^[^\s+]+$", description="Key name of the archive's log.")
    addresses: tuple[OwnName, ...] = Field(
        default=(),
        description="Names under which boxes reach the archive, `host` or `host:port`; what a box signed for another name is refused. Without it those of the "
        "machine itself, and `host`.",
    )
    url: Address | None = Field(default=None, description="Where the box sends records; nothing is sent without it.")
    token: str | None = Field(
        default=None, description="The box's token, at an archive that accepts tokens; requests are signed with the device's key without it.", repr=False
    )
    accept_tokens: bool = Field(
        default=False, description="The archive lets boxes name themselves by a token, too, instead of signing their requests."
    )
    rate_kib: int | None = Field(
        default=None, ge=32, description="Most KiB a second that the uploader sends on average; as fast as it can without it."
    )
    hours: tuple[HoursOfDay, ...] = Field(
        default=(),
        description="Hours of the day (the court's time) in which files are sent, for instance \"18:30-08:00\"; always without it. "
        "Journal and checkpoints of a hearing that runs are sent at any hour.",
    )
    database: str | None = Field(
        default=None, description="Address of the PostgreSQL database of catalogue and log, postgresql://user@host/name; SQLite files below state_dir without it.",
        repr=False,
    )
    s3: BucketSettings = Field(default_factory=BucketSettings, description="Where objects are kept at scale.")
    lock_days: dict[Literal["gpk", "upk", "appk", "koap", "default"], Annotated[int, Field(ge=0, le=36_500)]] = Field(
        default_factory=dict,
        description="Days from intake for which objects are locked against removal, by code of the case (gpk, upk, appk, koap); `default` for other "
        "cases, and for every case until its code is known. Nothing is locked without it. Never longer than the law keeps the record.",
    )
    keep_days: dict[Literal["gpk", "upk", "appk", "koap", "default"], Annotated[int, Field(ge=0, le=36_500)]] = Field(
        default_factory=dict,
        description="Classes of retention: days from the end of a hearing for which its record must be kept, by code of the case; `default` for other cases. "
        "Nothing is ever destroyed by itself, and without a class not by an act either.",
    )
    destruction_wait_days: int = Field(
        default=30, ge=1, le=3650, description="Days from the second officer's signature until an act of destruction may be carried out."
    )
    officers: Path | None = Field(
        default=None, description="Folder of the trust list of those who may sign acts of destruction, as role `officer`."
    )
    tsa: TsaSettings = Field(default_factory=TsaSettings, description="Who dates the receipts; nobody without it.")
    witnesses: tuple[WitnessPeer, ...] = Field(default=(), description="Witnesses that are asked to cosign the log.")


class SigningSettings(_Model):
    """People's signatures (docs/signing.md)."""

    trust: Path | None = Field(
        default=None, description="Folder of the court's trust list: issuers, revocation lists, who may sign as what. Without it nothing can be signed here."
    )
    client: str = Field(
        default="wss://127.0.0.1:13579",
        pattern=r"^(wss?://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?)?$",
        description="Where the national key client listens on the computer of the person who signs; empty: it is not offered.",
    )
    holidays: Path | None = Field(default=None, description="Table of working days for the terms of the law (docs/deadlines.md); the shipped one without it.")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="HATTAMA_", env_nested_delimiter="__", extra="forbid", frozen=True, toml_file=None
    )

    device_name: str = Field(default="box.hattama.local", pattern=r"^[^\s+/]+$", description="Key name of this box.")
    court: str = Field(default="", description="Name of the court, as its documents give it.")
    courtroom: str = Field(default="", description="Name or number of the courtroom.")
    city: str = Field(default="", description="City of the court, as its documents give it.")
    templates: Path | None = Field(
        default=None, description="Folder of the court's own templates of protocols; the shipped ones without it."
    )
    state_dir: Path = Field(default_factory=default_state_dir, description="Folder of records, keys and accounts.")
    run_dir: Path | None = Field(default=None, description="Folder of sockets and previews; default <state_dir>/run.")
    signer_socket: Path | None = Field(
        default=None, description="Unix socket of the signer service; without it each command signs with the key itself."
    )
    reserve_mib: int = Field(
        default=32, ge=0, le=4096, description="Room kept on the disk for journal and seal, so that a full disk still takes a hearing's end, MiB."
    )
    second_copy: Path | None = Field(
        default=None, description="Folder on another disk where every record is also written, at most a second behind; none without it."
    )
    retention_days: int = Field(
        default=365, ge=1, description="Days after the archive's receipt before `hattama retention` may delete a record from this box."
    )
    retention_uncertified: bool = Field(
        default=False, description="Let `hattama retention` also delete records whose protocol was drafted and not certified on this box."
    )
    segment_s: float = Field(default=10.0, ge=2.0, le=20.0, description="Length of a segment, seconds.")
    sources: tuple[SourceSettings, ...] = Field(default=(), description="Cameras and microphones of the courtroom.")
    speech: SpeechSettings = Field(default_factory=SpeechSettings, description="Speech to text.")
    signing: SigningSettings = Field(default_factory=SigningSettings, description="People's signatures.")
    passkeys: PasskeySettings = Field(default_factory=PasskeySettings, description="Signing in by passkeys.")
    closed: ClosedSettings = Field(default_factory=ClosedSettings, description="Parts in camera.")
    cases: CasesSettings = Field(default_factory=CasesSettings, description="The day's list of hearings.")
    console: ConsoleSettings = Field(default_factory=ConsoleSettings, description="The web app in the courtroom.")
    archive: ArchiveSettings = Field(default_factory=ArchiveSettings, description="The archive.")
    witness: WitnessSettings = Field(default_factory=WitnessSettings, description="A witness of logs.")
    monitor: MonitorSettings = Field(default_factory=MonitorSettings, description="A monitor of a log.")

    @field_validator("sources")
    @classmethod
    def _check_names(cls, sources: tuple[SourceSettings, ...]) -> tuple[SourceSettings, ...]:
        """A track's name is a folder of the record: two of a name would write into one another."""
        for what, names in (
            ("source", [source.name for source in sources]),
            ("track", [track for source in sources for track in source.tracks]),
        ):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two of one {what} name: {', '.join(twice)}")
        return sources

    @property
    def runtime(self) -> Path:
        """Folder of sockets and previews."""
        return self.run_dir or self.state_dir / "run"

    @property
    def hearings(self) -> Path:
        """Folder of the records."""
        return self.state_dir / "hearings"

    @property
    def working(self) -> Path:
        """Folder of the transcriber's working files."""
        return self.speech.working or self.state_dir / "working"

    @property
    def socket(self) -> Path:
        """Unix socket of the recorder daemon."""
        return self.runtime / "recorder.sock"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; no .env, no secrets folder."""
        return env_settings, init_settings, TomlConfigSettingsSource(settings_cls)


def load(path: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        path: TOML file; default ``$HATTAMA_CONFIG``; without one only defaults and environment count.

    Raises:
        SettingsError: the file cannot be read or a value is wrong; the message names file and line, or the environment
            variable, and the setting. All wrong settings are named at once.
    """
    if path is None and os.environ.get("HATTAMA_CONFIG"):
        path = Path(os.environ["HATTAMA_CONFIG"])
    text, values = _read(path) if path is not None else ("", {})
    variables.refuse_unknown(Settings)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("\n".join(_describe(path, text, item) for item in error.errors())) from error
    except UnreadableSource as error:  # a variable that should hold JSON does not
        raise SettingsError(variables.unreadable(Settings)) from error


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error


def _describe(path: Path | None, text: str, item: Any) -> str:
    names = [str(part) for part in item["loc"]]
    said = f"{'.'.join(names)}: {item['msg'].removeprefix('Value error, ')}"
    if variable := variables.variable_of(names):
        return f"environment variable {variable}: {said}"
    if line := _line_of(text, names):
        return f"{path}:{line}: {said}"
    return f"{path or 'settings'}: {said}"


def _line_of(text: str, names: list[str]) -> int | None:
    """Line (from 1) where the setting, or else the table that holds it, stands in the file."""
    table: list[str] = []
    count: dict[str, int] = {}
    best: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\[([\w.-]+)\]\]", line):
            name = head[1]
            table = [*name.split("."), str(count.get(name, 0))]
            count[name] = count.get(name, 0) + 1
        elif head := re.match(r"\s*\[([\w.-]+)\]", line):
            table = head[1].split(".")
        elif item := re.match(r"\s*([\w.-]+)\s*=", line):
            key = [*table, *item[1].split(".")]
            if key == names[: len(key)]:
                return number
            continue
        else:
            continue
        if table == names[: len(table)] or (names == table[: len(names)] and best is None):
            best = number  # the table of the setting, or the first of the tables that it is made of
    return best
