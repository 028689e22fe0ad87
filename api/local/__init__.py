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
    pairing,
    partners,
    rates,
    replies,
    worklists,
)
from api.local.auditing import audit
from api.local.casework import cases, routes, sending
from api.local.certificates import checks
from api.local.clocks import escalations, norms, troubles
from api.local.reconciling import differences, reconciliations
from api.local.reporting import frozen_reports, handshakes, received_reports, reports
from api.local.settling import evidence

# Bulk before entries and exchanges: its paths would otherwise be read as ids.
ROUTERS = (
    bulk.router,
    entries.router,
    exchanges.router,
    pairing.router,
    replies.router,
    sending.router,
    cases.router,
    checks.router,
    assignments.router,
    worklists.router,
    differences.router,
    imports.router,
    cross_checks.router,
    exports.router,
    agreements.router,
    partners.router,
    routes.router,
    rates.router,
    handshakes.router,
    reports.router,
    frozen_reports.router,
    received_reports.router,
    comparisons.router,
    reconciliations.router,
    evidence.router,
    norms.router,
    escalations.router,
    troubles.router,
    audit.router,
)
