"""Settings about transparency logs: their witnesses and monitors (docs/log.md)."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from device_config.addresses import Address, LogKey, WitnessPublicKey


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WitnessPeer(_Model):
    """A witness as the archive and the monitor see it."""

    url: Address = Field(description="Its address, before /add-checkpoint.")
    key: WitnessPublicKey = Field(description="Its key, as `hattama witness --key` prints it.")


class WitnessSettings(_Model):
    """What `hattama witness` does, on a machine of another organisation."""

    host: str = Field(default="127.0.0.1", description="Address it listens on.")
    port: int = Field(default=8804, ge=0, le=65535, description="Port it listens on.")
    name: str = Field(default="witness.hattama.local", pattern=r"^[^\s+]+$", description="Name of its key.")
    logs: dict[str, LogKey] = Field(
        default_factory=dict, description="Key of each log that it cosigns, by origin (`<archive.name>/log`)."
    )


class MonitorSettings(_Model):
    """What `hattama monitor` watches."""

    url: Address | None = Field(
        default=None, description="The log's address, before /checkpoint: the archive's with /log."
    )
    key: LogKey | None = Field(default=None, description="The log's key: `hattama archive key`.")
    witnesses: tuple[WitnessPeer, ...] = Field(default=(), description="Witnesses whose heads are compared.")
    sealed_h: float = Field(
        default=48.0, gt=0, description="Hours after which a hearing that was opened must be sealed."
    )
    received_h: float = Field(default=24.0, gt=0, description="Hours after which a seal must be received.")

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.url is None) != (self.key is None):
            raise ValueError("url and key are needed together: a log that nobody can check is not watched")
        return self
