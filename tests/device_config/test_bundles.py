from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from device_config.bundles import errors, pickles, store
from device_config.bundles.install import add, models_dir, publishers_dir
from device_config.bundles.manifest import MANIFEST, NOTE
from device_config.bundles.pack import Description, pack
from device_config.identity import add_trust
from device_config.settings import ModelSettings, Settings, SpeechSettings
from protocol.errors import RecordExists
from tests.support.bundles import MODEL, PUBLISHER, STRANGER, Parts, RunsCode, checkpoint, make_folder, pickled
from transcription.models import folder_digest

ABOUT = Description("whisper-tiny", "1.0", "faster-whisper", ("ru", "kk"), "MIT", "OpenAI", 2**28)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(state_dir=tmp_path / "state")
    add_trust(publishers_dir(made), PUBLISHER.key)
    return made


def installed(settings: Settings) -> list[str]:
    models = models_dir(settings)
    return sorted(path.name for path in models.iterdir()) if models.is_dir() else []


def test_a_good_one_goes_all_the_way(tmp_path: Path, settings: Settings) -> None:
    source = make_folder(tmp_path / "model", {**MODEL, "deep/down/more.json": b"{}"})
    packed = pack(source, ABOUT, PUBLISHER, tmp_path / "out.tar")
    pack(source, ABOUT, PUBLISHER, tmp_path / "again.tar")
    assert (tmp_path / "out.tar").read_bytes() == (tmp_path / "again.tar").read_bytes()
    with tarfile.open(tmp_path / "out.tar", "r:") as plain:  # any tar reads it
        assert plain.getnames()[:2] == [MANIFEST, NOTE]
        plain.extractall(tmp_path / "unpacked", filter="data")

    manifest, folder = add(settings, tmp_path / "out.tar")
    assert manifest == packed
    assert folder == settings.state_dir / "models" / "whisper-tiny-1.0"
    for name in [*MODEL, "deep/down/more.json"]:
        assert (folder / name).read_bytes() == (source / name).read_bytes()
    assert len(folder_digest(folder)) == 44  # what transcription asks of a model's folder
    assert add(settings, tmp_path / "unpacked")[1] == folder  # the same again, as a folder: nothing to do
    assert [item.trouble for item in store.verify(settings)] == [None]

    with_model = Settings(
        state_dir=settings.state_dir,
        speech=SpeechSettings(models=(ModelSettings(engine="faster-whisper", path=folder, languages=("ru",)),)),
    )
    with pytest.raises(errors.BundleInUse):
        store.remove(with_model, "whisper-tiny-1.0")
    store.remove(settings, "whisper-tiny-1.0")
    assert installed(settings) == []
    with pytest.raises(errors.BundleAbsent):
        store.remove(settings, "whisper-tiny-1.0")
    add(settings, tmp_path / "unpacked")
    assert installed(settings) == ["whisper-tiny-1.0"]


def test_the_packed_and_the_hand_made_are_the_same(tmp_path: Path) -> None:
    pack(make_folder(tmp_path / "model"), ABOUT, PUBLISHER, tmp_path / "packed.tar")
    made = Parts().write(tmp_path / "made.tar")
    with tarfile.open(tmp_path / "packed.tar") as one, tarfile.open(made) as other:
        assert one.getnames() == other.getnames()
        for name in one.getnames():
            assert one.extractfile(name).read() == other.extractfile(name).read()  # type: ignore[union-attr]


def _with(**changes: object) -> Callable[[Parts], None]:
    """The manifest's keys changed, and signed so."""
    return lambda parts: parts.value.update(changes)


def _file(name: str, data: bytes) -> Callable[[Parts], None]:
    """A file changed or added, and signed so."""
    return lambda parts: parts.files.update({name: data})


def _entry(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", link: str = "") -> Callable[[Parts], None]:
    """An entry that the manifest does not name."""
    return lambda parts: parts.more.append((name, kind, data, link))


def _instead(name: str, data: bytes | None) -> Callable[[Parts], None]:
    """A file of the archive changed or left out after signing."""
    return lambda parts: parts.instead.update({name: data})


def _set(name: str, value: object) -> Callable[[Parts], None]:
    return lambda parts: setattr(parts, name, value)


def _without(key: str) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        del parts.value[key]

    return change


def _other_manifest(parts: Parts) -> None:
    other = Parts()
    other.value["attribution"] = "somebody else"
    parts.note = other.sign(other.manifest())


def _pyannote(parts: Parts, data: bytes) -> None:
    parts.value.update(name="diarization", engine="pyannote")
    parts.files = {"config.yaml": b"{}", "pytorch_model.bin": data}


def _forged(parts: Parts) -> None:
    parts.note = parts.sign(parts.manifest()).replace(b"1.0\n", b"1.1\n")


def _unlicensed_later(parts: Parts) -> None:
    """The signature is looked at first: what a forger wrote is not even read."""
    parts.note = parts.sign(parts.manifest())
    parts.value["licence"] = ""


def _declared_huge(parts: Parts) -> None:
    """A manifest of a file of 65 GiB; nothing is written before it is found too large."""
    value = json.loads(parts.manifest())
    value["files"] = [{**one, "bytes": 65 * 2**30} if one["path"] == "model.bin" else one for one in value["files"]]
    parts.value.update(files=value["files"])


def _zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def _objects() -> bytes:
    out = io.BytesIO()
    np.save(out, np.array([RunsCode()], dtype=object), allow_pickle=True)
    return out.getvalue()


BROKEN: list[tuple[str, Callable[[Parts], None], str]] = [
    ("changed byte", _instead("model.bin", MODEL["model.bin"][:-1] + b"!"), "bundle-changed"),
    ("cut short", _instead("model.bin", MODEL["model.bin"][:-1]), "bundle-changed"),
    ("missing file", _instead("model.bin", None), "bundle-missing"),
    ("extra file", _entry("more.json"), "bundle-extra"),
    ("path outside", _entry("deep/../../more.json"), "bundle-outside"),
    ("path outside, signed", _file("../more.json", b""), "bundle-outside"),
    ("absolute path", _entry("/etc/more.json"), "bundle-absolute"),
    ("hidden file", _entry(".cache/more.json"), "bundle-path"),
    ("path with a line feed", _entry("a\nb"), "bundle-path"),
    ("symbolic link", _entry("link", tarfile.SYMTYPE, link="/etc/passwd"), "bundle-link"),
    ("hard link", _entry("link", tarfile.LNKTYPE, link="model.bin"), "bundle-link"),
    ("device", _entry("null", tarfile.CHRTYPE), "bundle-special"),
    ("pipe", _entry("pipe", tarfile.FIFOTYPE), "bundle-special"),
    ("folder entry", _entry("folder", tarfile.DIRTYPE), "bundle-special"),
    ("sparse file", _entry("sparse", tarfile.GNUTYPE_SPARSE), "bundle-special"),
    ("extension header", _entry("pax", tarfile.XHDTYPE, b"19 path=/etc/passwd\n"), "bundle-special"),
    ("longer than signed", _instead("config.json", bytes(10_000)), "bundle-oversize"),
    ("zip bomb in a file", _file("bomb.npz", _zip(bomb=bytes(20_000_000))), "bundle-oversize"),
    ("duplicate entry", _entry("model.bin", data=MODEL["model.bin"]), "bundle-duplicate"),
    ("second manifest", _entry(MANIFEST), "bundle-duplicate"),
    ("file and folder of one name", _file("config.json/more", b""), "bundle-duplicate"),
    ("unknown engine", _with(engine="whisper.cpp"), "bundle-engine"),
    ("files of another engine", _with(engine="moonshine"), "bundle-engine"),
    ("no licence", _without("licence"), "bundle-licence"),
    ("empty licence", _with(licence=" "), "bundle-licence"),
    ("nobody to attribute", _with(attribution=""), "bundle-licence"),
    ("no note", _set("signed", False), "bundle-unsigned"),
    ("note without signature", _set("note", b"hattama model bundle 1\nx\nx\n\n"), "bundle-unsigned"),
    ("unknown publisher", _set("signer", STRANGER), "bundle-publisher"),
    ("text changed under the signature", _forged, "bundle-signature"),
    ("signature of another manifest", _other_manifest, "bundle-signature"),
    ("manifest changed after it was signed", _unlicensed_later, "bundle-signature"),
    ("note of other bytes", _set("note", b"\xff\xfe"), "bundle-signature"),
    ("other format", _with(format=2), "bundle-format"),
    ("unknown key", _with(surprise=1), "bundle-format"),
    ("name with a slash", _with(name="../x"), "bundle-name"),
    ("name in capitals", _with(name="Whisper"), "bundle-name"),
    ("version with a hyphen", _with(version="1-2"), "bundle-name"),
    ("more memory than any box has", _with(memory_bytes=2**50), "bundle-memory"),
    ("larger than any bundle may be", _declared_huge, "bundle-oversize"),
    ("memory below zero", _with(memory_bytes=-1), "bundle-format"),
    ("pickle that runs code", _file("more.pt", checkpoint(pickled(RunsCode()))), "bundle-pickle"),
    ("the same, named as something else", _file("more.json", checkpoint(pickled(RunsCode()))), "bundle-pickle"),
    ("pickle without a zip", _file("more.json", pickled(RunsCode())), "bundle-pickle"),
    ("pickle of protocol 4", _file("more.pt", checkpoint(pickled(OrderedDict(), 4))), "bundle-pickle"),
    ("pickle of protocol 0", _file("tokens.bin", pickled(RunsCode(), 0)), "bundle-pickle"),
    ("TorchScript", _file("more.pt", checkpoint(pickled(OrderedDict()), name="archive/constants.pkl")), "bundle-pickle"),
    ("compressed checkpoint", _file("more.pt", checkpoint(pickled(OrderedDict()), zipfile.ZIP_DEFLATED)), "bundle-pickle"),
    ("bytes before the zip's own", _file("more.pt", checkpoint(b"")[:4] + checkpoint(pickled(OrderedDict()))), "bundle-pickle"),
    ("an instruction that claims more than there is", _file("more.pt", checkpoint(b"\x80\x02\x8d" + b"\xff" * 7 + b"\x7f")), "bundle-pickle"),
    ("the same without a zip", _file("more.pt", b"\x80\x02\x8d" + b"\xff" * 7 + b"\x7f"), "bundle-pickle"),
    ("no checkpoint", _file("more.ckpt", b"text"), "bundle-pickle"),
    ("an array of objects", _file("more.npy", _objects()), "bundle-pickle"),
    ("an array of objects in a zip", _file("more.npz", checkpoint(_objects(), name="a.npy")), "bundle-pickle"),
    ("pyannote's weights that run code", lambda parts: _pyannote(parts, checkpoint(pickled(RunsCode()))), "bundle-pickle"),
    ("pyannote's weights of no form", lambda parts: _pyannote(parts, b"text"), "bundle-pickle"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code"), [pytest.param(*case[1:], id=case[0]) for case in BROKEN])
def test_a_broken_one_is_refused_by_name_and_leaves_nothing(
    tmp_path: Path, settings: Settings, change: Callable[[Parts], None], code: str
) -> None:
    parts = Parts()
    change(parts)
    with pytest.raises(errors.BundleError) as refused:
        add(settings, parts.write(tmp_path / "bundle.tar"))
    assert refused.value.code == code, refused.value
    assert refused.value.advice
    assert installed(settings) == []


def test_what_is_no_tar_is_refused(tmp_path: Path, settings: Settings) -> None:
    good = Parts().write(tmp_path / "good.tar").read_bytes()
    for name, data in (("zip", _zip(x=b"x")), ("gzip", gzip.compress(good)), ("empty", b""), ("torn", good[:-1024])):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(errors.BundleForm):
            add(settings, tmp_path / name)
    with pytest.raises(errors.BundleForm):
        add(settings, tmp_path / "nothing there")
    with pytest.raises(errors.BundleForm):
        add(settings, make_folder(tmp_path / "a model, not a bundle"))
    assert installed(settings) == []


def test_same_name_with_other_bytes_is_refused_and_the_first_stays(tmp_path: Path, settings: Settings) -> None:
    add(settings, Parts().write(tmp_path / "one.tar"))
    other = Parts(files={**MODEL, "config.json": b"{ }"})
    with pytest.raises(errors.BundleExists):
        add(settings, other.write(tmp_path / "other.tar"))
    assert [item.trouble for item in store.verify(settings)] == [None]


def test_a_folder_with_a_link_or_a_pipe_is_refused(tmp_path: Path, settings: Settings) -> None:
    pack(make_folder(tmp_path / "model"), ABOUT, PUBLISHER, tmp_path / "out.tar")
    with tarfile.open(tmp_path / "out.tar", "r:") as plain:
        plain.extractall(tmp_path / "unpacked", filter="data")
    extra = tmp_path / "unpacked" / "extra"
    for code in ("bundle-link", "bundle-special"):
        if code == "bundle-link":
            extra.symlink_to("/etc/passwd")
        else:
            os.mkfifo(extra)
        with pytest.raises(errors.BundleError) as refused:
            add(settings, tmp_path / "unpacked")
        assert refused.value.code == code
        extra.unlink()
    assert installed(settings) == []


def test_verify_names_what_happened_to_an_installed_one(tmp_path: Path, settings: Settings) -> None:
    _, folder = add(settings, Parts().write(tmp_path / "one.tar"))

    def code() -> str | None:
        (item,) = store.verify(settings, "whisper-tiny-1.0")
        return item.trouble.code if item.trouble else None

    assert code() is None
    (folder / "more").write_bytes(b"")
    assert code() == "bundle-extra"
    (folder / "more").unlink()
    data = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(b"!" + data[1:])
    assert code() == "bundle-changed"
    (folder / "model.bin").unlink()
    assert code() == "bundle-missing"
    (folder / "model.bin").write_bytes(data)
    assert code() is None
    for key in publishers_dir(settings).iterdir():
        key.unlink()
    assert code() == "bundle-publisher"
    with pytest.raises(errors.BundleAbsent):
        store.verify(settings, "other-1")


def test_who_may_bring_models_is_not_whose_records_count(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    add_trust(settings.state_dir / "trust", PUBLISHER.key)
    with pytest.raises(errors.BundlePublisher):
        add(settings, Parts().write(tmp_path / "one.tar"))


def test_what_a_killed_command_left_is_cleared_away(tmp_path: Path, settings: Settings) -> None:
    make_folder(models_dir(settings) / ".whisper-tiny-1.0.tmp")
    add(settings, Parts().write(tmp_path / "one.tar"))
    assert installed(settings) == ["whisper-tiny-1.0"]


def test_packing_refuses_what_a_box_would(tmp_path: Path) -> None:
    model = make_folder(tmp_path / "model")
    out = tmp_path / "out.tar"
    make_folder(model, {".cache/x": b""})
    with pytest.raises(errors.BundlePath):
        pack(model, ABOUT, PUBLISHER, out)
    (model / ".cache" / "x").unlink()
    make_folder(model, {"x.pt": pickled(RunsCode())})
    with pytest.raises(errors.BundlePickle):
        pack(model, ABOUT, PUBLISHER, out)
    (model / "x.pt").unlink()
    with pytest.raises(errors.BundleForm):
        pack(model, ABOUT, PUBLISHER, model / "out.tar")
    assert not out.exists()
    pack(model, ABOUT, PUBLISHER, out)
    make_folder(model, {"config.json": b"{ }"})
    with pytest.raises(RecordExists):
        pack(model, ABOUT, PUBLISHER, out)


TENSOR = b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x10tQK\x00K\x10\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs."  # fmt: skip
TASK = b"\x80\x02cpyannote.audio.core.task\nResolution\nK\x01\x85R."


def test_a_checkpoint_of_tensors_is_read(tmp_path: Path) -> None:
    old = b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    for name, data in (("new.pt", checkpoint(TENSOR)), ("old.bin", old + TENSOR + pickle.dumps(["0"], 2) + bytes(72))):
        (tmp_path / name).write_bytes(data)
        pickles.check(tmp_path / name, "pyannote")
    (tmp_path / "task.ckpt").write_bytes(checkpoint(TASK))
    pickles.check(tmp_path / "task.ckpt", "pyannote")
    with pytest.raises(errors.BundlePickle, match=r"pyannote\.audio\.core\.task\.Resolution"):
        pickles.check(tmp_path / "task.ckpt", "faster-whisper")
    np.savez(tmp_path / "plain.npz", a=np.zeros(8))
    pickles.check(tmp_path / "plain.npz", "pyannote")


@pytest.mark.shared
def test_a_real_checkpoint_of_pyannote_is_read(shared_data: Path) -> None:
    folder = shared_data / "models" / "pyannote-segmentation-3.0-from-onnx"
    pickles.check(folder / "pytorch_model.bin", "pyannote")


def test_a_broken_copy_of_what_is_installed_is_refused_too(tmp_path: Path, settings: Settings) -> None:
    _, folder = add(settings, Parts().write(tmp_path / "good.tar"))
    for broken, kind in (
        (Parts(instead={"model.bin": b"x"}), errors.BundleChanged),
        (Parts(instead={"model.bin": None}), errors.BundleMissing),
        (Parts(more=[("more.txt", tarfile.REGTYPE, b"x", "")]), errors.BundleExtra),
    ):
        with pytest.raises(kind):
            add(settings, broken.write(tmp_path / "broken.tar"))
    assert add(settings, tmp_path / "good.tar")[1] == folder
    (folder / "model.bin").write_bytes(b"x")
    with pytest.raises(errors.BundleChanged, match="as installed"):
        add(settings, tmp_path / "good.tar")


def test_an_archive_ends_where_it_ends(tmp_path: Path, settings: Settings) -> None:
    good = Parts().write(tmp_path / "good.tar").read_bytes()
    for name, data in (("cut.tar", good[:-1]), ("behind.tar", good + b"x")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(errors.BundleForm):
            add(settings, tmp_path / name)
        assert installed(settings) == []
    (tmp_path / "padded.tar").write_bytes(good + bytes(8192))
    add(settings, tmp_path / "padded.tar")
