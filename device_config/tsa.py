"""Settings of the time stamp authority that box and archive ask (RFC 3161)."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class TsaSettings(BaseModel):
    """The authority that dates the box's seals, and the archive's receipts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="Where tokens are asked for: over seals on a box, over receipts at an archive; without it nobody is asked.",
    )
    policy: str | None = Field(
        default=None,
        pattern=r"^[0-2](\.(0|[1-9][0-9]*)){1,20}$",
        description="OID of the policy that is asked for; a token under another one is refused.",
    )
    authorities: Path | None = Field(
        default=None,
        description="PEM file with certificates of the authorities that are believed, or of their issuers; needed with `url`.",
    )

    @model_validator(mode="after")
    def _can_be_checked(self) -> Self:
        if self.url is not None and self.authorities is None:
            raise ValueError("authorities is needed with url: a token that nobody can check is not kept")
        return self
