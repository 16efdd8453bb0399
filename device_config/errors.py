"""Errors of the device_config package.

::

    DeviceConfigError           code, exit_status, advice
    ├── SettingsError           settings.toml or an environment variable is wrong; nothing was started
    ├── SeedUnusable            the device's secret key cannot be read, or is not one
    ├── SeedExposed             others than the owner may read the secret key
    ├── ClosedKeyUnusable       the file of a key for closed parts cannot be used
    ├── TrustUnusable           a file of the trust list is not a verifier key, or cannot be read or written
    ├── SignerMemoryUnusable    the signer cannot know or note what it signed; it signs nothing
    ├── SignerRefusal           the signer was asked for something it never signs
    └── BundleError             a model bundle is refused (device_config.bundles.errors)

Every error has a stable ``code``, the ``exit_status`` a command ends with and ``advice`` for the administrator.
"""

from __future__ import annotations

from typing import ClassVar


class DeviceConfigError(Exception):
    """Something about this machine's own configuration is wrong."""

    code: ClassVar[str] = "device-config"
    exit_status: ClassVar[int] = 78  # EX_CONFIG of sysexits.h
    advice: ClassVar[str] = "Check the machine's configuration."


class SettingsError(DeviceConfigError):
    """A settings file or variable is wrong; nothing was started."""

    code = "settings"
    advice = "Correct the setting that is named; docs/settings.md describes each. `hattama settings check` tries again."


class SeedUnusable(DeviceConfigError):
    """The file of the device's secret key cannot be read or created, or does not hold 32 bytes."""

    code = "seed-unusable"
    advice = (
        "Restore keys/device.seed from its backup, or check the disk and the folder's owner. "
        "A new key makes this a new device, which the archive has to enrol."
    )


class SeedExposed(DeviceConfigError):
    """The file of the device's secret key may be read by others."""

    code = "seed-exposed"
    exit_status = 77  # EX_NOPERM
    advice = "Run `chmod 600` on the file if only you had access to this machine; otherwise enrol the device anew."


class ClosedKeyUnusable(DeviceConfigError):
    """The secret key for closed parts (the archive's, the escrow's) cannot be read or made, or may be read by others."""

    code = "closed-key-unusable"
    advice = (
        "Restore the file from its backup, owned and readable by one user only (chmod 600). A new key opens nothing that was wrapped to the old one; "
        "give its public half to the boxes (`hattama keys --help`)."
    )


class TrustUnusable(DeviceConfigError):
    """A trusted key cannot be read, parsed or written."""

    code = "trust-unusable"
    advice = "A trust file holds one verifier key, name+key ID+base64, on one line. Correct or remove the file that is named."


class SignerMemoryUnusable(DeviceConfigError):
    """What the signer signed before is not known, or cannot be noted."""

    code = "signer-memory"
    exit_status = 74  # EX_IOERR
    advice = (
        "Check the disk, or restore signer.sqlite together with the key from the newest backup. Only where the key has "
        "signed no hearing that is still open: start once with `hattama signer --begin`."
    )


class SignerRefusal(DeviceConfigError):
    """A text that is no checkpoint of this box, or a second history of one of its journals."""

    code = "signer-refused"
    exit_status = 65  # EX_DATAERR
    advice = (
        "The hearing's journal on the disk is not the one that was signed before: leave its folder as it is, plan a new "
        "hearing, and have the administrator compare the two. Nothing that was signed is lost."
    )
