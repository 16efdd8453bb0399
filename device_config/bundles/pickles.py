"""Files that a loader would unpickle, read without unpickling them.

A pickle is a program. torch's weights-only loader runs the few instructions that rebuild tensors and refuses the rest; here the
same is asked of each file before it is installed, by reading its instructions only (``pickletools``). What decides is how
a file begins, as for torch, not its name. The list of names is shorter than torch's, never longer but for pyannote's own
three classes without code, which its checkpoints cannot be read without.
"""

from __future__ import annotations

import io
import pickletools
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

from device_config.bundles.errors import BundleOversize, BundlePickle

#: Names that are pickles whatever their bytes say, and that of weights in any format.
_PICKLES: Final = frozenset({".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".th"})
_STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
_DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool")
_REBUILDERS: Final = frozenset(
    {
        "collections OrderedDict",
        "torch Size",
        "torch._utils _rebuild_tensor",
        "torch._utils _rebuild_tensor_v2",
        "torch._utils _rebuild_parameter",
        *(f"torch {name}Storage" for name in _STORAGES),
        *(f"torch {name}" for name in _DTYPES),
    }
)
#: A data class, two enumerations and a string: what a model of pyannote says about its task. Read for that engine only.
_PYANNOTE: Final = frozenset(
    {
        "torch.torch_version TorchVersion",
        *(f"pyannote.audio.core.task {name}" for name in ("Specifications", "Problem", "Resolution")),
    }
)
#: The instructions of torch's weights-only loader (torch/_weights_only_unpickler.py).
_OPCODES: Final = frozenset(
    {
        "GLOBAL", "NEWOBJ", "REDUCE", "BUILD", "APPEND", "APPENDS", "SETITEM", "SETITEMS", "MARK", "TUPLE", "TUPLE1",
        "TUPLE2", "TUPLE3", "EMPTY_TUPLE", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "NONE", "NEWFALSE", "NEWTRUE",
        "BININT", "BININT1", "BININT2", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING", "BINPERSID", "BINGET",
        "LONG_BINGET", "BINPUT", "LONG_BINPUT", "LONG1", "PROTO", "STOP",
    }
)  # fmt: skip
_CALLS: Final = frozenset({"GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"})
_MAX_PICKLE: Final = 64 * 2**20  # bytes of instructions; those of the largest checkpoints have a few MiB
_MAX_GROWTH: Final = 100  # times that a zip inside a bundle may grow
_LEGACY_PICKLES: Final = 5  # magic number, protocol, system, object, keys: torch.save before 1.6
_LEGACY_MAGIC: Final = 0x1950A86A20F9469CFC6C


def check(path: Path, engine: str) -> None:
    """Refuse a file that holds a pickle which could run code.

    Raises:
        BundlePickle: it holds another instruction or name than tensors need, or is none of the forms torch reads.
        BundleOversize: a zip in it unpacks to far more than it is.
    """
    allowed = _REBUILDERS | _PYANNOTE if engine == "pyannote" else _REBUILDERS
    torch_reads = path.suffix in _PICKLES or (path.suffix == ".bin" and engine == "pyannote")
    try:
        with path.open("rb") as file:
            begins = file.read(4)
            file.seek(0)
            if begins == b"PK\x03\x04":
                _check_zip(path, file, allowed, torch_reads=torch_reads)
            elif begins[:1] == b"\x80" and begins[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
                _check_legacy(path, file, allowed)
            elif torch_reads:
                raise BundlePickle(f"{path.name}: not what torch.save writes")
            elif begins == b"\x93NUM":
                _check_array(path.name, file)
            elif _is_text_pickle(file):
                raise BundlePickle(f"{path.name}: a pickle of an old protocol")
    except (zipfile.BadZipFile, zlib.error, ValueError, struct.error, EOFError, RuntimeError) as error:
        raise BundlePickle(f"{path.name}: cannot be read: {error}") from error


def _check_zip(path: Path, file: IO[bytes], allowed: frozenset[str], *, torch_reads: bool) -> None:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if len(set(names)) < len(names):
            raise BundlePickle(f"{path.name}: two entries have one name")
        if archive.comment or min((member.header_offset for member in members), default=1):
            raise BundlePickle(f"{path.name}: bytes before or after the zip: two readers could read it two ways")
        if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
            raise BundlePickle(f"{path.name}: a zip with another compression than numpy or torch use")
        if sum(member.file_size for member in members) > _MAX_GROWTH * path.stat().st_size:
            raise BundleOversize(f"{path.name}: unpacks to more than {_MAX_GROWTH} times its size")
        pickles = [member for member in members if member.filename.endswith(".pkl")]
        if (torch_reads or pickles) and [Path(member.filename).name for member in pickles] != ["data.pkl"]:
            raise BundlePickle(f"{path.name}: a checkpoint of torch holds one data.pkl and no program (TorchScript)")
        if pickles and any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise BundlePickle(f"{path.name}: torch stores its entries, and these are compressed")
        for member in members:
            with archive.open(member) as inside:
                _check_member(path.name, member, inside, allowed)


def _check_member(name: str, member: zipfile.ZipInfo, inside: IO[bytes], allowed: frozenset[str]) -> None:
    if member.filename.endswith(".pkl"):
        if member.file_size > _MAX_PICKLE:
            raise BundleOversize(f"{name}: {member.filename} has {member.file_size} bytes")
        _check_pickle(name, io.BytesIO(inside.read()), allowed)
    elif member.filename.endswith(".npy"):
        _check_array(f"{name}: {member.filename}", inside)


def _check_legacy(path: Path, file: IO[bytes], allowed: frozenset[str]) -> None:
    """Five pickles in a row, then bytes of tensors; anything else that begins so is no checkpoint."""
    data = io.BytesIO(file.read(_MAX_PICKLE))
    if _check_pickle(path.name, data, allowed) != _LEGACY_MAGIC:
        raise BundlePickle(f"{path.name}: a pickle that is no checkpoint of torch")
    for _ in range(_LEGACY_PICKLES - 1):
        _check_pickle(path.name, data, allowed)


def _check_pickle(name: str, data: io.BytesIO, allowed: frozenset[str]) -> object:
    """Read one pickle's instructions up to its end; returns the last argument of one of them.

    From memory: an instruction may claim more bytes than there are, and a file would try to make room for them.
    """
    last: object = None
    for opcode, argument, at in pickletools.genops(data):
        if opcode.name not in _OPCODES:
            raise BundlePickle(f"{name}: instruction {opcode.name} at byte {at}")
        if opcode.name == "GLOBAL" and argument not in allowed:
            raise BundlePickle(f"{name}: asks for {str(argument).replace(' ', '.')}")
        last = argument if argument is not None else last
    return last


def _check_array(name: str, file: IO[bytes]) -> None:
    """What numpy calls an array of objects is a pickle; the header says which it is (NEP 1)."""
    start = file.read(12)
    width, form = (2, "<H") if start[6:7] == b"\x01" else (4, "<I")
    (length,) = struct.unpack(form, start[8 : 8 + width])
    header = start[8 + width :] + file.read(min(length, 2**16))
    if start[:6] != b"\x93NUMPY" or b"O" in header.partition(b"'descr':")[2].partition(b"'fortran_order'")[0]:
        raise BundlePickle(f"{name}: an array of objects, which numpy unpickles")


def _is_text_pickle(file: IO[bytes]) -> bool:
    """Whether the bytes run as a pickle of protocol 0 or 1 (no header) that asks for anything by name."""
    asks = False
    try:
        for opcode, _, _ in pickletools.genops(file.read(2**20)):
            asks = asks or opcode.name in _CALLS
            if opcode.name == "STOP":
                return asks
    except (ValueError, IndexError, struct.error):
        pass
    return False
