"""Whom findings are for: those of a county's matters for who audits that county, the node's own for all who look after it."""

import re
from dataclasses import replace

from exchange.auditing.chain import NODE
from exchange.auditing.repeated import KIND as REPEATED
from exchange.cursors import finding_cursor
from exchange.ledger import Finding, Ledger, Page
from exchange.node import Node
from exchange.verbs.auditing.watch_readings import PERSON_AFTER

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def findings_told(ledger: Ledger, node: Node, page: Page, *, counties: frozenset[str] | None, persons: bool) -> list[Finding]:
    """A page of findings, the newest first: an auditor's of these counties, an operator's (None) of all.

    What concerns several counties is for who audits all of them. `persons`: a reading is told with the person's blind index.
    """
    found: list[Finding] = []
    while True:
        some = ledger.chores.findings(page)
        found += [each if persons else _without_person(each) for each in some if _is_theirs(ledger, node, each, counties)]
        if len(some) < page.limit or len(found) >= page.limit:
            return found[: page.limit]
        page = Page(after=finding_cursor(some[-1]), limit=page.limit)


def _is_theirs(ledger: Ledger, node: Node, finding: Finding, counties: frozenset[str] | None) -> bool:
    if finding.kind == REPEATED:
        place = finding.subject.split()[0]
        about = node.jurisdictions if place == NODE else frozenset({place})
        # One that was noted before findings named the county is for the command alone.
        return about <= (node.jurisdictions if counties is None else counties)
    return counties is None or counties >= node.jurisdictions or _about(ledger, node, finding) <= counties


def _without_person(finding: Finding) -> Finding:
    """How often somebody was read and by whom, but not who it was."""
    return replace(finding, detail=finding.detail.partition(PERSON_AFTER)[0]) if finding.kind == REPEATED else finding


def _about(ledger: Ledger, node: Node, finding: Finding) -> frozenset[str]:
    """The counties that a finding's subject names, or whose its entries, cases and exchanges are; none if it is the node's."""
    words = finding.subject.split()
    named = {word for word in words if word in node.jurisdictions}
    ids = [word for word in words if _ID.fullmatch(word)] if words[0] != "link" else []
    entries = ledger.entries.load(ids) if ids else {}
    for each in ids:
        found = {exchange.own for exchange in ledger.exchanges.named(each)}
        found |= {entries[each].jurisdiction} if each in entries else set()
        case = ledger.cases.get(each)
        found |= {case.jurisdiction} if case is not None else set()
        # What this caller's books do not hold is another county's.
        named |= found or node.jurisdictions
    return frozenset(named)
