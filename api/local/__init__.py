"""The API of the jurisdiction's own systems and clerks, one module for each group of routes."""

from api.local import (
    agreements,
    assignments,
    bulk,
    comparisons,
    entries,
    exchanges,
    exports,
    frozen_reports,
    imports,
    partners,
    rates,
    received_reports,
    replies,
    reports,
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
    exports.router,
    agreements.router,
    partners.router,
    rates.router,
    reports.router,
    frozen_reports.router,
    received_reports.router,
    comparisons.router,
)
