"""The two pages on which people read the description of the API: all assets are the node's own, and a policy holds them to it."""

import base64
import hashlib
import re
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse

# Where fastapi-offline puts the files of both viewers.
_ASSETS: Final = "/static-offline-docs"
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_FAVICON: Final = f"{_ASSETS}/favicon.png"


def install_pages(app: FastAPI) -> None:
    """Add /docs and /redoc."""
    swagger = get_swagger_ui_html(
        openapi_url=str(app.openapi_url),
        title=app.title,
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=_FAVICON,
    )
    redoc = get_redoc_html(
        openapi_url=str(app.openapi_url),
        title=app.title,
        redoc_js_url=f"{_ASSETS}/redoc.standalone.js",
        redoc_favicon_url=_FAVICON,
        with_google_fonts=False,
    )
    for path, page in (("/docs", swagger), ("/redoc", redoc)):
        page.headers["content-security-policy"] = page_policy(bytes(page.body).decode())
        app.add_api_route(path, _serving(page), methods=["GET"], include_in_schema=False, response_class=HTMLResponse)


def page_policy(page: str) -> str:
    """What a viewer needs: the node's own files, and of what stands in the page the scripts that stand there now.

    Both viewers write styles as they go along, and one of them looks things up in a worker of its own making.
    """
    scripts = " ".join(_hashed(text) for tag, text in _INLINE.findall(page) if tag == "script")
    return (
        f"default-src 'none'; script-src 'self' {scripts}".rstrip()
        + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src blob:"
        + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _serving(page: HTMLResponse):  # type: ignore[no-untyped-def] # FastAPI would read the annotation as a shape
    def serve() -> HTMLResponse:
        return page

    return serve
