"""``hattama models``: speech models carried to this box as signed bundles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from hattama.context import settings_of
from hattama.files import there, to_write
from hattama.trust import key_of

app = typer.Typer(
    help="Speech models, carried to this box as signed bundles.", no_args_is_help=True, rich_markup_mode=None
)

_MIB = 2**20
#: On standard error, as what is said where there is no bundle.
_COLUMNS = "name-version\tengine\tlanguages\tMiB on disk\tMiB of memory\tlicence\tin the settings"


def _say_if_none(found: Sequence[object]) -> None:
    """On standard error, so that what a script reads stays a list."""
    if not found:
        typer.echo("no bundle is installed", err=True)


@app.command("list")
def list_(context: typer.Context) -> None:
    """Print the installed bundles: name-version, engine, languages, MiB on disk, MiB of memory, licence, in the settings or not."""
    settings = settings_of(context)
    from device_config.bundles import store

    found = store.installed(settings)
    _say_if_none(found)
    if found:
        typer.echo(_COLUMNS, err=True)
    for item in found:
        if (about := item.manifest) is None:
            typer.echo(f"{item.folder.name}\tdamaged: {item.trouble}")
            continue
        used = "in use" if store.uses(settings, item.folder) else "not in use"
        columns = (",".join(about.languages), -(-about.size // _MIB), about.memory_bytes // _MIB, about.licence, used)
        typer.echo("\t".join(str(column) for column in (item.folder.name, about.engine, *columns)))


@app.command()
def add(
    context: typer.Context,
    bundle: Annotated[
        Path, typer.Argument(callback=there, metavar="FOLDER|ARCHIVE", help="The bundle as packed, or unpacked.")
    ],
) -> None:
    """Verify a bundle and install it whole, or refuse it and leave nothing. Prints the settings to add."""
    settings = settings_of(context)
    from device_config.bundles import install, store

    manifest, folder = install.add(settings, bundle)
    typer.echo(f"installed: {folder}")
    if lines := store.settings_lines(manifest, folder):
        typer.echo(f"Add to the settings, and start the transcriber again:\n\n{lines}")
    else:
        typer.echo(f"This version has no setting for models of {manifest.engine}; it is kept for one that has.")


@app.command()
def verify(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME-VERSION]", help="Only this bundle.")] = "",
) -> None:
    """Read every byte of the installed bundles against what their publishers signed; ends with 65 if one differs."""
    settings = settings_of(context)
    from device_config.bundles import store

    found = store.verify(settings, name)
    _say_if_none(found)
    for item in found:
        typer.echo(
            f"{item.folder.name}\t" + ("good" if item.trouble is None else f"{item.trouble.code}: {item.trouble}")
        )
    for advice in dict.fromkeys(item.trouble.advice for item in found if item.trouble and item.trouble.advice):
        typer.echo(advice, err=True)
    if any(item.trouble for item in found):
        raise typer.Exit(65)


@app.command()
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME-VERSION", help="As `hattama models list` prints it.")],
) -> None:
    """Remove a bundle that the settings no longer name."""
    settings = settings_of(context)
    from device_config.bundles import store

    typer.echo(f"removed: {store.remove(settings, name)}")


@app.command()
def trust(
    context: typer.Context,
    key: Annotated[
        str, typer.Argument(metavar="FILE|VKEY", help="A publisher's verifier key, or a file that holds one.")
    ],
) -> None:
    """Install bundles of this publisher from now on. Compare the key first with its owner, over another way than it came by."""
    settings = settings_of(context)
    from device_config.bundles.install import publishers_dir
    from device_config.identity import add_trust

    typer.echo(add_trust(publishers_dir(settings), key_of(key)))


@app.command()
def pack(
    folder: Annotated[
        Path, typer.Argument(callback=there, metavar="FOLDER", help="The model's folder; plain files only.")
    ],
    name: Annotated[str, typer.Option(help="Small Latin letters, digits, hyphens.")],
    version: Annotated[str, typer.Option(help="Small Latin letters, digits, points.")],
    engine: Annotated[str, typer.Option(help="The engine that reads it: docs/models.md names them.")],
    licence: Annotated[str, typer.Option(help="The weights' licence, as the model's card gives it.")],
    attribution: Annotated[str, typer.Option(help="Who made it, as the licence wants it said.")],
    memory: Annotated[int, typer.Option(min=1, help="Memory the engine needs to run it, MiB.")],
    key: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="The publisher's secret key, in a folder of its own; made there if there is none."
        ),
    ],
    publisher: Annotated[str, typer.Option(help="Name of the publisher's key, for instance models.court.example.")],
    out: Annotated[Path, typer.Option(callback=to_write, metavar="FILE", help="Where the bundle is written.")],
    language: Annotated[list[str] | None, typer.Option(help="A language it is for: kk, ru, en. Repeat it.")] = None,
) -> None:
    """Make a bundle of a model's folder, on any machine; nothing of a box is needed. Prints the publisher's verifier key."""
    from device_config.bundles.pack import Description, pack
    from device_config.identity import load_or_create_seed
    from protocol.note import Ed25519Signer

    signer = Ed25519Signer(publisher, load_or_create_seed(key))
    about = Description(name, version, engine, language or [], licence, attribution, memory * _MIB)
    manifest = pack(folder, about, signer, out)
    typer.echo(
        f"packed: {out} ({len(manifest.files)} files, {-(-manifest.size // _MIB)} MiB)\npublisher: {signer.key.text}"
    )
