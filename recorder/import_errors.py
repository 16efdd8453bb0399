"""Errors of `hattama import`: what is wrong with a file, and what to do about it. Nothing is left behind after any of them.

::

    RecorderError
    └── ImportFailed
        ├── InputMissing        there is no such file
        ├── InputNotFile        a folder, a device, a pipe
        ├── InputForbidden      it may not be read
        ├── InputEmpty          it has no bytes
        ├── InputNotMedia       no recording of a kind that is read: text, a playlist, a picture, a document
        ├── InputDamaged        a recording that was cut off, so that nothing of it can be read
        ├── InputCutOff         a recording whose end is missing, where a whole one was asked for
        ├── InputRefused        a recording that is beyond a limit: streams, channels, picture size, codec
        ├── InputChanged        it changed while it was read
        ├── ImportNoSpace       the disk has no room for the record
        ├── ImportStuck         reading made no headway
        ├── ImportCrashed       the reading process died
        └── ImportUnverified    the finished record failed verification
"""

from __future__ import annotations

from recorder.errors import RecorderError


class ImportFailed(RecorderError):
    """A recording could not be imported."""

    code = "import"
    exit_status = 65  # EX_DATAERR of sysexits.h
    advice = "Play the file in an ordinary player; if that works, report this message with the kind of file."


class InputMissing(ImportFailed):
    """There is no such file."""

    code = "import-missing"
    exit_status = 66  # EX_NOINPUT
    advice = "Check the name, and that the medium with the recording is connected."


class InputNotFile(ImportFailed):
    """It is no ordinary file."""

    code = "import-not-file"
    exit_status = 66
    advice = "Name the recordings themselves, not the folder they lie in."


class InputForbidden(ImportFailed):
    """It may not be read."""

    code = "import-forbidden"
    exit_status = 77  # EX_NOPERM
    advice = "Have the administrator let you read this file."


class InputEmpty(ImportFailed):
    """It has no bytes."""

    code = "import-empty"
    advice = "The device saved nothing, or the copy failed: copy it again from the device."


class InputNotMedia(ImportFailed):
    """It is no recording of a kind that is read."""

    code = "import-not-media"
    advice = "Name an audio or video file. Playlists are not followed: name the files they list."


class InputDamaged(ImportFailed):
    """The recording was cut off, and nothing of it can be read."""

    code = "import-damaged"
    advice = "Copy it again from the device. If it is damaged there too, keep it as it is: a repair needs the device that made it."


class InputCutOff(ImportFailed):
    """The recording ends before the length that it announces, and a whole one was asked for."""

    code = "import-cut-off"
    advice = "Copy it again from the device. If nothing more is there, `--incomplete` imports what is left, with the gap in its journal."


class InputRefused(ImportFailed):
    """The recording is beyond a limit."""

    code = "import-refused"
    advice = "Split or convert the recording with another program, and keep the original beside the record."


class InputChanged(ImportFailed):
    """The file changed while it was read."""

    code = "import-changed"
    exit_status = 75  # EX_TEMPFAIL
    advice = "Wait until copying or recording it has ended, then import it again."


class ImportNoSpace(ImportFailed):
    """The disk has no room for the record."""

    code = "import-no-space"
    exit_status = 74  # EX_IOERR
    advice = "Free space on the disk of the records, or set state_dir to a larger one."


class ImportStuck(ImportFailed):
    """Reading made no headway."""

    code = "import-stuck"
    advice = "Copy the file to this machine's own disk and try again; if it stops again, the file is damaged."


class ImportCrashed(ImportFailed):
    """The process that read the file died."""

    code = "import-crashed"
    exit_status = 70  # EX_SOFTWARE
    advice = "The file makes the media library fail. Keep it, and report this message with the kind of file."


class ImportUnverified(ImportFailed):
    """The finished record failed verification, so it was not kept."""

    code = "import-unverified"
    exit_status = 70
    advice = "Check the disk and the memory of this machine, then import again."


#: by code, for errors that the reading process reports
BY_CODE: dict[str, type[ImportFailed]] = {
    kind.code: kind
    for kind in (
        ImportFailed,
        InputMissing,
        InputNotFile,
        InputForbidden,
        InputEmpty,
        InputNotMedia,
        InputDamaged,
        InputRefused,
        InputChanged,
        ImportNoSpace,
    )
}
