"""The pages on which clerks, coordinators, auditors and operators work; served by the node itself, whole without a script."""

from typing import Final

from fastapi import APIRouter

from api.pages import certificates, home, signing, signing_elsewhere
from api.pages.partners import agreements, partners
from api.pages.registers import entries, imports, progress
from api.pages.reporting import comparisons, frozen, handshakes, pages, received
from api.pages.watching import audit, differences, escalations, operations
from api.pages.work import exchange, worklists

# Differences before the worklists, whose path takes any name.
ROUTERS: Final[tuple[APIRouter, ...]] = (
    signing.router,
    signing_elsewhere.router,
    home.router,
    differences.router,
    worklists.router,
    exchange.router,
    progress.router,
    imports.router,
    entries.router,
    certificates.router,
    agreements.router,
    partners.router,
    operations.router,
    escalations.router,
    audit.router,
    frozen.router,
    received.router,
    comparisons.router,
    handshakes.router,
    pages.router,
)
