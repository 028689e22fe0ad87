"""The API of the jurisdiction's own systems and clerks, one module for each group of routes."""

from api.local import agreements, bulk, entries, exchanges, exports, imports, pairing, partners, rates, replies

# Bulk before entries and exchanges: its paths would otherwise be read as ids.
ROUTERS = (
    bulk.router,
    entries.router,
    exchanges.router,
    pairing.router,
    replies.router,
    imports.router,
    exports.router,
    agreements.router,
    partners.router,
    rates.router,
)
