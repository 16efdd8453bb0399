"""Pages: templates, their language, the scripts' texts, static files.

One :class:`Pages` an app. Every page gets ``_`` (texts), ``lang`` (dates, numbers), ``me`` (who is signed in), ``static(path)``, and,
where it has a script, the script's texts and data as JSON blocks: data blocks are no scripts, so the policy needs no exception.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import structlog
from fastapi import Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from web.accounts import Role
from web.i18n import LANGUAGE_NAMES, N_, Catalogues, Translator, catalogues, choose_language

HERE = Path(__file__).parent
STATIC = HERE / "static"
LANGUAGE_COOKIE = "hattama-language"

#: What the roles are called in the header.
ROLE_NAMES = {Role.SECRETARY: N_("Secretary"), Role.JUDGE: N_("Judge"), Role.ADMIN: N_("Administrator")}

log = structlog.get_logger("web")


class Pages:
    """The templates of one app, over the shared ones.

    Args:
        app: name of the app; also of its built script.
        title: message id of the app's title.
        folders: template folders of the app; looked into before ``web/templates``.
        texts: the catalogues.
        globals_: more values for every page.
    """

    def __init__(
        self,
        app: str,
        title: str,
        folders: Sequence[Path],
        texts: Catalogues | None = None,
        globals_: Mapping[str, Any] | None = None,
    ) -> None:
        self.app = app
        self.title = title
        self.catalogues = texts or catalogues()
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([*folders, HERE / "templates"]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.globals.update(
            static=static_address, languages=LANGUAGE_NAMES, role_names=ROLE_NAMES, app_title=title, **(globals_ or {})
        )

    def translator(self, request: Request) -> Translator:
        """The texts in the language of this request."""
        chosen = choose_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language"))
        return self.catalogues.translator(chosen)

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        script: str | None = None,
        data: Mapping[str, Any] | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """A page.

        Args:
            request: what is answered.
            template: name of the template.
            status: HTTP status.
            script: name of the built app the page runs (``console`` for ``build/console.js``).
            data: what the script gets as JSON block ``page``.
            context: values for the template.
        """
        lang = self.translator(request)
        html = self.environment.get_template(template).render(
            _=lang,
            lang=lang,
            me=getattr(request.state, "account", None),
            here=address_of(request),
            script=script,
            messages=json_block({"language": lang.language, "texts": _script_texts(script, lang)}) if script else None,
            data=json_block(dict(data or {})),
            **context,
        )
        return HTMLResponse(html, status, headers={"Content-Language": lang.language, "Vary": "Cookie, Accept-Language"})


def address_of(request: Request) -> str:
    """Path and query of the request, for coming back to it."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def local_address(address: str | None, default: str = "/") -> str:
    """The address if it is a path on this site, else the default: a sign-in never leads to another host (CWE-601)."""
    if not address or not address.startswith("/") or address[1:2] in ("/", "\\"):
        return default
    return default if any(ord(letter) < 0x20 for letter in address) else address


def json_block(value: object) -> Markup:
    """JSON that may stand inside ``<script type="application/json">``: no ``<``, so nothing ends the block early."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for letter, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(letter, escape)
    return Markup(text)  # noqa: S704 - every letter that HTML could read was replaced above


def static_address(path: str) -> str:
    """Address of a static file, with its digest, so that a browser keeps it until it changes."""
    file = STATIC / path
    return f"/static/{path}?v={_digest(file, file.stat().st_mtime_ns)}" if file.is_file() else f"/static/{path}"


class StaticSite(StaticFiles):
    """The static files; what is asked for with its digest may be kept for ever."""

    def file_response(self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200) -> Any:
        """The answer, with how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        kept = b"v=" in scope.get("query_string", b"")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response


def _script_texts(script: str | None, lang: Translator) -> dict[str, str]:
    names = STATIC / "build" / f"{script}.messages.json"
    if not names.is_file():
        log.error("the front end was not built", action="ui_not_built", script=script, advice="make build")
        return {}
    return {text: lang(text) for text in _names(names, names.stat().st_mtime_ns)}


@lru_cache(maxsize=32)
def _names(path: Path, _changed_ns: int) -> tuple[str, ...]:
    return tuple(json.loads(path.read_text("utf-8")))


@lru_cache(maxsize=256)
def _digest(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
