"""The API of the jurisdiction's own systems and clerks, one module for each group of routes."""

from api.local import (
    agreements,
    assignments,
    bulk,
    comparisons,
    entries,
    escalations,
    exchanges,
    exports,
    imports,
    norms,
    pairing,
    partners,
    rates,
    replies,
    troubles,
    worklists,
)

# Bulk before entries and exchanges: its paths would otherwise be read as ids.
ROUTERS = (
    bulk.router,
    entries.router,
    exchanges.router,
    pairing.router,
    replies.router,
    assignments.router,
    worklists.router,
    imports.router,
    exports.router,
    agreements.router,
    partners.router,
    rates.router,
    comparisons.router,
    norms.router,
    escalations.router,
    troubles.router,
)
