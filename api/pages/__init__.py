"""The pages on which clerks, coordinators, auditors and operators work; served by the node itself, whole without a script."""

from typing import Final

from fastapi import APIRouter

from api.pages import certificates, exchange, home, signing, signing_elsewhere, worklists

ROUTERS: Final[tuple[APIRouter, ...]] = (
    signing.router,
    signing_elsewhere.router,
    home.router,
    worklists.router,
    exchange.router,
    certificates.router,
)
