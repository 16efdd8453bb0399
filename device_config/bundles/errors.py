"""Errors of model bundles: each way to be wrong has its own stable code.

::

    DeviceConfigError
    └── BundleError             nothing was installed, removed or written
        ├── BundleForm          bundle-form
        ├── BundleFormat        bundle-format
        ├── BundleName          bundle-name
        ├── BundleEngine        bundle-engine
        ├── BundleLicence       bundle-licence
        ├── BundleUnsigned      bundle-unsigned
        ├── BundlePublisher     bundle-publisher
        ├── BundleSignature     bundle-signature
        ├── BundleChanged       bundle-changed
        ├── BundleMissing       bundle-missing
        ├── BundleExtra         bundle-extra
        ├── BundleTwice         bundle-duplicate
        ├── BundleOutside       bundle-outside
        ├── BundleAbsolute      bundle-absolute
        ├── BundlePath          bundle-path
        ├── BundleLink          bundle-link
        ├── BundleSpecial       bundle-special
        ├── BundleOversize      bundle-oversize
        ├── BundleMemory        bundle-memory
        ├── BundlePickle        bundle-pickle
        ├── BundleExists        bundle-exists
        ├── BundleAbsent        bundle-not-installed
        └── BundleInUse         bundle-in-use
"""

from __future__ import annotations

from device_config.errors import DeviceConfigError


class BundleError(DeviceConfigError):
    """A model bundle is refused; nothing of it is left behind."""

    code = "bundle"
    exit_status = 65  # EX_DATAERR


class BundleForm(BundleError):
    """The archive or the folder is not laid out as a bundle."""

    code = "bundle-form"
    advice = "Pack it again with `hattama models pack`; copy the archive byte by byte. A bundle is a tar without compression."


class BundleFormat(BundleError):
    """The manifest has another format version, or is not a manifest."""

    code = "bundle-format"
    advice = "Pack it with the version of the program that this box has, or update the box."


class BundleName(BundleError):
    """The name or version holds characters that it may not."""

    code = "bundle-name"
    advice = "Names: small Latin letters, digits, hyphens. Versions: small Latin letters, digits, points."


class BundleEngine(BundleError):
    """No engine of that name is known, or the files are not those that it reads."""

    code = "bundle-engine"
    advice = "See the engines and their files in docs/models.md."


class BundleLicence(BundleError):
    """The manifest names no licence or nobody to attribute the model to."""

    code = "bundle-licence"
    advice = "Pack it again with --licence and --attribution, as the model's card gives them."


class BundleUnsigned(BundleError):
    """The bundle carries no signature."""

    code = "bundle-unsigned"
    advice = "Ask its publisher for the whole bundle; nothing unsigned is installed."


class BundlePublisher(BundleError):
    """Whoever signed it is not a publisher that this box trusts."""

    code = "bundle-publisher"
    advice = "Compare the key with its owner over another way, then `hattama models trust KEY`."


class BundleSignature(BundleError):
    """The signature is not over this manifest."""

    code = "bundle-signature"
    advice = "The bundle was changed after it was signed: throw it away and fetch it again."


class BundleChanged(BundleError):
    """A file differs from what the publisher signed."""

    code = "bundle-changed"
    advice = "Copy or fetch the bundle again; if it was installed, remove and add it, and check the disk."


class BundleMissing(BundleError):
    """A file that the manifest names is not there."""

    code = "bundle-missing"
    advice = "Copy or fetch the bundle again."


class BundleExtra(BundleError):
    """A file is there that the manifest does not name."""

    code = "bundle-extra"
    advice = "Throw the bundle away and fetch it again; an installed one may be removed and added anew."


class BundleTwice(BundleError):
    """Two entries have one name."""

    code = "bundle-duplicate"
    advice = "Throw the bundle away: no honest tool writes such a one."


class BundleOutside(BundleError):
    """A path leads out of the bundle."""

    code = "bundle-outside"
    advice = "Throw the bundle away: it was made to write elsewhere."


class BundleAbsolute(BundleError):
    """A path is absolute."""

    code = "bundle-absolute"
    advice = "Throw the bundle away: it was made to write elsewhere."


class BundlePath(BundleError):
    """A path has other characters than allowed, is hidden or too long."""

    code = "bundle-path"
    advice = "Delete hidden files (.cache, .git) and rename the others before packing: Latin letters, digits and . _ + - only, 100 characters at most."


class BundleLink(BundleError):
    """An entry is a symbolic or hard link."""

    code = "bundle-link"
    advice = "Pack the files themselves (`cp -rL`)."


class BundleSpecial(BundleError):
    """An entry is neither a file nor a folder: a device, a pipe, a sparse file."""

    code = "bundle-special"
    advice = "Pack plain files only."


class BundleOversize(BundleError):
    """It is, or would unpack to, more than allowed or declared."""

    code = "bundle-oversize"
    advice = "Throw the bundle away unless its publisher explains the size."


class BundleMemory(BundleError):
    """Its engine needs more memory than this box has."""

    code = "bundle-memory"
    advice = "Choose a smaller model, or one packed for this box with less memory (quantised)."


class BundlePickle(BundleError):
    """A pickle that torch's weights-only loader would not read: it could run code."""

    code = "bundle-pickle"
    advice = "Ask the publisher for weights alone (safetensors, ONNX, or torch.save of a state_dict)."


class BundleExists(BundleError):
    """Another bundle of this name and version is installed."""

    code = "bundle-exists"
    advice = "Remove that one first, or have this one packed under another version."


class BundleAbsent(BundleError):
    """No bundle of this name is installed."""

    code = "bundle-not-installed"
    exit_status = 66  # EX_NOINPUT
    advice = "`hattama models list` shows what is."


class BundleInUse(BundleError):
    """The settings name this model."""

    code = "bundle-in-use"
    advice = "Take it out of [[speech.models]] or [speech.diarization] first, and start the transcriber again."
