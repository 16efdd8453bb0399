"""Errors of the web package.

::

    WebError
    ├── AccountError
    │   ├── AccountExists      an account of this name is there already
    │   ├── UnknownAccount     there is no account of this name
    │   ├── BadName            the name cannot be used
    │   └── WeakPassword       the password is too short, too long or the name itself
    ├── PasskeyError
    │   ├── BadRelyingParty    the settings name no address that can have passkeys
    │   ├── NoPasskeysHere     passkeys are not set up, or the page was opened under another address
    │   ├── PasskeyRefused     the device's answer was not accepted
    │   ├── UnknownPasskey     there is no such passkey
    │   ├── BadLabel           the passkey's name cannot be used
    │   ├── LabelTaken         the account has one of this name or of this device
    │   └── TooManyPasskeys    the account has as many as it may have
    ├── NotConfirmed
    │   ├── WrongPassword      the password was not the account's
    │   └── HaveToWait         too many wrong ones were given
    ├── CatalogueError         a message catalogue cannot be read, or two disagree
    ├── NotBuilt               the front end was not built
    └── OpenRoute              a route names nobody who may use it

Each carries a stable ``code``, the ``exit_status`` of a command that ends with it, and ``advice``: an English sentence that is also the
message id of its translations.
"""

from __future__ import annotations

from typing import ClassVar


class WebError(Exception):
    """Something about the web apps is wrong."""

    code: ClassVar[str] = "web"
    exit_status: ClassVar[int] = 70
    advice: ClassVar[str] = "Look into the log."


class AccountError(WebError):
    """Something about an account is wrong."""

    code = "account"
    exit_status = 65


class AccountExists(AccountError):
    """An account of this name is there already."""

    code = "account-exists"
    advice = "Choose another name, or set a new password for this account."


class UnknownAccount(AccountError):
    """There is no account of this name."""

    code = "unknown-account"
    exit_status = 67
    advice = "Check the spelling; list the accounts."


class BadName(AccountError):
    """The name cannot be used."""

    code = "bad-name"
    advice = "Use 1 to 40 small Latin letters, digits, points or hyphens."


class WeakPassword(AccountError):
    """The password is too short, too long or the name itself."""

    code = "weak-password"
    advice = "Use at least 10 characters, for instance four words."


class PasskeyError(WebError):
    """Something about a passkey is wrong."""

    code = "passkey"
    exit_status = 65


class BadRelyingParty(PasskeyError):
    """The settings name no address that can have passkeys."""

    code = "passkey-address"
    exit_status = 78
    advice = "Set passkeys.domain and passkeys.origins to the name and the https addresses under which people open the pages, or leave both out."


class NoPasskeysHere(PasskeyError):
    """Passkeys are not set up, or the page was opened under another address."""

    code = "no-passkeys"
    advice = "Use the password."


class PasskeyRefused(PasskeyError):
    """The device's answer was not accepted; its message is for the log."""

    code = "passkey-refused"
    advice = "Try again, or use the password."


class UnknownPasskey(PasskeyError):
    """There is no such passkey."""

    code = "unknown-passkey"
    exit_status = 67
    advice = "List the account's passkeys."


class BadLabel(PasskeyError):
    """The passkey's name cannot be used."""

    code = "passkey-name"
    advice = "Give the passkey a name of 1 to 60 characters."


class LabelTaken(PasskeyError):
    """The account has a passkey of this name, or of this device."""

    code = "passkey-taken"
    advice = "Choose another name, or remove the old passkey first."


class TooManyPasskeys(PasskeyError):
    """The account has as many passkeys as it may have."""

    code = "too-many-passkeys"
    advice = "Remove a passkey that is not used any more."


class NotConfirmed(WebError):
    """It was not shown that the person is still the one who signed in."""

    code = "not-confirmed"
    exit_status = 65


class WrongPassword(NotConfirmed):
    """The password was not the account's."""

    code = "wrong-password"
    advice = "Enter the password with which you sign in here."


class HaveToWait(NotConfirmed):
    """Too many wrong passwords or passkeys were given."""

    code = "wait"
    advice = "Wait a minute, then try again."


class CatalogueError(WebError):
    """A message catalogue cannot be read, or two disagree."""

    code = "catalogue"
    exit_status = 78
    advice = "Correct the named .po file."


class NotBuilt(WebError):
    """The front end was not built."""

    code = "not-built"
    exit_status = 78
    advice = "Run: npm ci --prefix web/ui && npm run --prefix web/ui build"


class OpenRoute(WebError):
    """A route names nobody who may use it."""

    code = "open-route"
    exit_status = 70
    advice = "Give the route Depends(allow(...)) or Depends(anyone)."
