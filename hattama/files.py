"""Files that a person names on the command line: asked for before anything is done, by one rule for all commands.

What is read must be there (66), and the folder of what is written must be there (73): a folder that was mistyped is named and not made. ``-`` is
standard input or output.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from hattama.errors import NoFolder, NoInput


def there(given: Path | None) -> Path | None:
    """A path that is read; a callback of arguments and options.

    Raises:
        NoInput: nothing is there, or it may not be read.
    """
    if given is not None:
        _check((given,))
    return given


def all_there(given: list[Path] | None) -> list[Path] | None:
    """The same of several."""
    _check(given or ())
    return given


def to_write(given: Path | None) -> Path | None:
    """A path that is written; a callback of options.

    Raises:
        NoFolder: its folder is not there.
    """
    if given is not None and str(given) != "-" and not given.parent.is_dir():
        raise NoFolder(f"{given.parent}: there is no such folder")
    return given


def _check(paths: Iterable[Path]) -> None:
    for path in paths:
        if str(path) == "-":
            continue
        if not path.exists():
            raise NoInput(f"{path}: there is no such file or folder")
        if not os.access(path, os.R_OK):
            raise NoInput(f"{path}: you may not read it")
