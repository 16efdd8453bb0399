"""Who may use which route.

Every route says so: ``Depends(anyone)`` or ``Depends(allow(Role.SECRETARY, Role.JUDGE))``. :func:`check_routes` refuses to start an app with a
route that does not, so that a forgotten line closes a route's app and opens nothing (ASVS 8.3.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from web.accounts import Account, Role
from web.errors import OpenRoute

log = structlog.get_logger("web")


class SignInNeeded(Exception):
    """Nobody is signed in; the answer is the sign-in page, or 401 for a program."""


class NotAllowed(Exception):
    """The person's role may not do this; the answer is 403."""


class Access:
    """A dependency that lets some roles in; ``roles`` None means everybody, signed in or not."""

    def __init__(self, roles: frozenset[Role] | None) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Account | None:
        """The account behind the request; raises SignInNeeded or NotAllowed."""
        account: Account | None = request.state.account
        if self.roles is None:
            return account
        if account is None:
            raise SignInNeeded
        if account.role not in self.roles:
            log.warning("refused", action="access_refused", account=account.name, role=account.role, path=request.url.path)
            raise NotAllowed
        return account


def allow(*roles: Role) -> Access:
    """Only these roles."""
    return Access(frozenset(roles))


#: Everybody, signed in or not.
anyone = Access(None)
#: Everybody who is signed in.
signed_in = Access(frozenset(Role))


def access_of(route: BaseRoute) -> Access | None:
    """What a route's dependencies say about rights; None where they say nothing."""
    if not isinstance(route, APIRoute):
        return None
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Access):
            return dependency.call
    return None


def check_routes(routes: Sequence[BaseRoute]) -> None:
    """Raise OpenRoute, naming it, if an API route says nothing about rights."""
    for route in routes:
        if isinstance(route, APIRoute) and access_of(route) is None:
            raise OpenRoute(f"{', '.join(sorted(route.methods or ()))} {route.path} names nobody who may use it")


def routes_of(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, Access]]:
    """Each route as method, path and access: what docs and tests list."""
    for route in routes:
        access = access_of(route)
        if isinstance(route, APIRoute) and access is not None:
            for method in sorted(route.methods or ()):
                yield method, route.path, access
