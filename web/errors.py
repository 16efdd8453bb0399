"""Errors of the web package.

::

    WebError
    ├── AccountError
    │   ├── AccountExists      an account of this name is there already
    │   ├── UnknownAccount     there is no account of this name
    │   ├── BadName            the name cannot be used
    │   └── WeakPassword       the password is too short, too long or the name itself
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
