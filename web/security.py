"""What protects every page: headers, the same-origin check, the session's cookie, a limit on bodies.

A pure ASGI middleware, so that streams (server-sent events, ranges of media) pass through it untouched.

Cross-site request forgery is refused twice over: the session's cookie is SameSite=Strict, and every unsafe method needs
``Sec-Fetch-Site: same-origin`` or, from an older browser, an ``Origin`` that is ours. A request with an ``Authorization`` header comes from a
program, not from a form: it is let through, and its cookies count for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.accounts import Account
from web.sessions import Sessions

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 1 << 20

log = structlog.get_logger("web")


@dataclass(frozen=True)
class Policy:
    """What an app's pages may load beside their own files.

    Attributes:
        blob_workers: scripts may start workers from memory (hls.js does).
        connect: addresses beside this site that scripts may talk to (a program on the reader's own computer).
        streams: beginnings of paths whose routes take long bodies piece by piece; everywhere else a body has a limit.
    """

    blob_workers: bool = False
    connect: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()

    def content_security_policy(self) -> str:
        """The header's value (CSP level 3). No inline script, no inline style, nothing from another host."""
        worker = "'self' blob:" if self.blob_workers else "'self'"
        return "; ".join(
            (
                "default-src 'self'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data: blob:",
                "media-src 'self' blob:",
                " ".join(("connect-src 'self'", *self.connect)),
                f"worker-src {worker}",
                "object-src 'none'",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )


def is_same_origin(method: str, headers: Headers, scheme: str) -> bool:
    """Whether the request may change something: it is safe by its method, or this site's own page sent it.

    Args:
        method: HTTP method.
        headers: of the request.
        scheme: http or https, as the browser sees it.
    """
    # No page of another site can make a browser send these two (Fetch, CORS-safelisted request headers).
    if method in SAFE_METHODS or "authorization" in headers or "signature" in headers:
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is None:
        return False
    parts = urlsplit(origin)
    return parts.scheme == scheme and parts.netloc != "" and parts.netloc == headers.get("host")


def origin_of(request: Request) -> str:
    """Under which address the page was opened: ``https://name[:port]``, as browsers write an origin."""
    return f"{request.url.scheme}://{request.headers.get('host', '').lower()}"


def cookie_name(app: str, scheme: str) -> str:
    """Name of the session's cookie; ``__Host-`` binds it to this host where there is HTTPS (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-hattama-{app}" if scheme == "https" else f"hattama-{app}"


def set_session_cookie(response: Response, app: str, scheme: str, token: str) -> None:
    """Put the session's id into the answer; it lives as long as the browser's window, the server sets the limits."""
    response.set_cookie(cookie_name(app, scheme), token, path="/", secure=scheme == "https", httponly=True, samesite="strict")


def clear_session_cookie(response: Response, app: str, scheme: str) -> None:
    """Take the session's cookie away."""
    response.delete_cookie(cookie_name(app, scheme), path="/", secure=scheme == "https", httponly=True, samesite="strict")


class BodyTooLarge(Exception):
    """The body is longer than pages ever send."""


class Guard:
    """Wraps an app; puts ``account`` (or None) and ``session_token`` into ``request.state``.

    Args:
        app: what is protected.
        name: the app's name, for cookies and sessions.
        sessions: where sessions are looked up.
        policy: what pages may load.
    """

    def __init__(self, app: ASGIApp, *, name: str, sessions: Sessions, policy: Policy) -> None:
        self._app = app
        self._name = name
        self._sessions = sessions
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                protect(MutableHeaders(scope=message), request.url.scheme, self._policy)
            await send(message)

        if not is_same_origin(request.method, request.headers, request.url.scheme):
            log.warning("refused a request from another site", action="csrf_refused", path=request.url.path)
            await PlainTextResponse("This request did not come from this site's own page.", 403)(scope, receive, send_protected)
            return
        account, token = await self._account(request)
        state = scope.setdefault("state", {})
        state["account"], state["session_token"] = account, token
        # Not by the Authorization header: anybody can send one, and forms and JSON are read whole before rights are looked at.
        if request.method in SAFE_METHODS or scope["path"].startswith(self._policy.streams):
            await self._app(scope, receive, send_protected)
            return
        too_large = PlainTextResponse("The request is too large.", 413)
        if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
            await too_large(scope, receive, send_protected)
            return
        try:
            await self._app(scope, _limited(receive), send_protected)
        except BodyTooLarge:
            await too_large(scope, receive, send_protected)

    async def _account(self, request: Request) -> tuple[Account | None, str | None]:
        token = request.cookies.get(cookie_name(self._name, request.url.scheme))
        if token is None or "authorization" in request.headers or request.url.path.startswith("/static/"):
            return None, None
        # What the page fetches by itself is not the person's doing: pictures and events do not put the idle limit off.
        background = request.headers.get("sec-fetch-dest") == "image" or "text/event-stream" in request.headers.get("accept", "")
        session = await run_in_threadpool(self._sessions.find, token, touch=not background)
        return (session.account, token) if session else (None, None)


def protect(headers: MutableHeaders, scheme: str, policy: Policy) -> None:
    """Add the headers every answer has; what a route has set itself (caching of media) stays."""
    headers.setdefault("Content-Security-Policy", policy.content_security_policy())
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), display-capture=()"
    if scheme == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"


def _limited(receive: Receive) -> Receive:
    count = 0

    async def receive_limited() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > LARGEST_BODY:
            raise BodyTooLarge
        return message

    return receive_limited
