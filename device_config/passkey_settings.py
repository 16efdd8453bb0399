"""Settings of signing in by passkeys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PasskeySettings(BaseModel):
    """Signing in by passkeys, to the console and the archive (docs/console.md); by passwords alone without both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str = Field(
        default="",
        description="Name of this host, or a domain above it, to which people's passkeys are bound. When it changes they are all lost.",
    )
    origins: tuple[str, ...] = Field(
        default=(),
        description="Addresses under which people open the pages, `https://name[:port]`, each in the domain.",
    )
