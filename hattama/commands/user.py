"""``hattama user``: who may sign in to the console and the archive."""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hattama.context import settings_of

if TYPE_CHECKING:
    from web.accounts import Accounts

app = typer.Typer(help="Who may sign in to the web apps.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Name to sign in with: small Latin letters, digits, points, hyphens.")]


def _accounts(context: typer.Context) -> Accounts:
    from web.accounts import Accounts

    return Accounts(settings_of(context).state_dir / "accounts.sqlite")


def _password(name: str) -> tuple[str, bool]:
    """From the terminal, twice and unseen; else the first line of standard input; an empty one means: make one (True)."""
    if sys.stdin.isatty():
        given: str = typer.prompt(
            f"Password for {name} (empty: one is made)", default="", hide_input=True, show_default=False
        )
        if given and typer.prompt("Again", hide_input=True) != given:
            raise typer.BadParameter("the two passwords differ")
    else:
        given = sys.stdin.readline().rstrip("\n")
    return (given, False) if given else (secrets.token_urlsafe(12), True)


@app.command()
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[str, typer.Option(help="secretary, judge or admin.")] = "secretary",
    display: Annotated[str, typer.Option(help="The person's name as pages show it.")] = "",
    court: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="See hearings of this court only, in the archive; may be repeated."),
    ] = None,
) -> None:
    """Add an account. The password is asked for, or read from standard input; if empty, one is made and printed."""
    from web.accounts import Role

    if role not in list(Role):
        raise typer.BadParameter(f"{role!r} is not one of {', '.join(Role)}")
    accounts = _accounts(context)
    word, made = _password(name)
    account = accounts.add(name, display or name, Role(role), word)
    if court:
        accounts.set_courts(name, court)
    if made:
        typer.echo(f"password: {word}")
    typer.echo(f"added: {account.name} ({account.role})")


@app.command("list")
def list_(context: typer.Context) -> None:
    """Print the accounts: name, role, whether disabled, the person's name, the courts whose hearings they may see."""
    for account in _accounts(context).all():
        state, courts = "disabled" if account.disabled else "active", "; ".join(account.courts) or "all courts"
        typer.echo(f"{account.name}\t{account.role}\t{state}\t{account.display}\t{courts}")


@app.command()
def courts(
    context: typer.Context,
    name: Name,
    court: Annotated[
        list[str] | None, typer.Argument(metavar="[COURT]...", help="Names of courts; none: every court.")
    ] = None,
) -> None:
    """Say whose hearings a person may see in the archive, by the names of courts as the cases bear them."""
    account = _accounts(context).set_courts(name, court or [])
    typer.echo(f"{account.name}: {'; '.join(account.courts) or 'all courts'}")


@app.command()
def disable(context: typer.Context, name: Name) -> None:
    """Let nobody sign in by this account any more, and end its sessions at once."""
    _accounts(context).disable(name)
    typer.echo(f"disabled: {name}")


@app.command()
def enable(context: typer.Context, name: Name) -> None:
    """Let a disabled account sign in again, with the password and passkeys that it had."""
    _accounts(context).enable(name)
    typer.echo(f"enabled: {name}")


@app.command()
def password(context: typer.Context, name: Name) -> None:
    """Set a new password and end the account's sessions."""
    accounts = _accounts(context)
    accounts.get(name)
    word, made = _password(name)
    accounts.set_password(name, word)
    if made:
        typer.echo(f"password: {word}")
    typer.echo(f"password set: {name}")


@app.command()
def passkeys(
    context: typer.Context,
    name: Name,
    remove: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="Remove the passkey of this name, and end the account's sessions."),
    ] = None,
) -> None:
    """Print a person's passkeys: name, day added, day last used; or remove one, for instance of a lost device."""
    from web.passkeys import Passkeys
    from web.sessions import Sessions

    accounts = _accounts(context)
    accounts.get(name)
    kept = Passkeys(accounts.path)
    if remove is not None:
        kept.remove(name, remove)
        Sessions(accounts.path, "").close_all(name)
        typer.echo(f"removed: {remove}")
        return
    for one in kept.of(name):
        used = "never" if one.used_s is None else _day(one.used_s)
        typer.echo(f"{one.label}\tadded {_day(one.added_s)}\tused {used}")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
