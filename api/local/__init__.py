"""The API of the jurisdiction's own systems and clerks, one module for each group of routes."""

from api.local import (
    agreements,
    assignments,
    bulk,
    comparisons,
    cross_checks,
    entries,
    exchanges,
    exports,
    imports,
    partners,
    rates,
    replies,
    worklists,
)

# Bulk before entries and exchanges: its paths would otherwise be read as ids.
ROUTERS = (
    bulk.router,
    entries.router,
    exchanges.router,
    replies.router,
    assignments.router,
    worklists.router,
    imports.router,
    cross_checks.router,
    exports.router,
    agreements.router,
    partners.router,
    rates.router,
    comparisons.router,
)
