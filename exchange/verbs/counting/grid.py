"""Fill a grid: from pages of totals where they are valid, else from the stored versions; what is touched, from its facts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from exchange.codes import Event, Role
from exchange.counting.grid import GRID_RATES, HANDSHAKE_RATES, By, Cube, Grid, GridQuery
from exchange.counting.history import History
from exchange.counting.pages import Piece, TotalsPage, piece_of, spans_of
from exchange.counting.query import UNASSIGNED
from exchange.counting.reconciled.series import rate_of
from exchange.counting.sorts import PAGE_MASK, SortFilter, sort_of, sorts_of
from exchange.counting.sums import CountSum, Selection
from exchange.counting.verdict import Verdict
from exchange.counting.version import Mark, Version, boundary_of
from exchange.errors import Invalid
from exchange.jurisdiction import Level
from exchange.ledger import Ledger
from exchange.node import Node, NotServed
from exchange.rates import Cohort, RateName
from exchange.verbs.counting.engine import Within, elsewhere, links_of, served_within, takes
from exchange.verbs.counting.handshakes import side_totals

_EVENTS = frozenset(event.value for event in Event)


class NotInAGrid(Invalid):
    """A rate that a grid does not have, or a purpose, whose cells would be too small to be shown."""

    code = "not-in-a-grid"
    zh = "总表只列反馈类比率、握手率和字段一致率，且不能按用途筛选。"
    en = "A grid has the feedback rates, handshake and field agreement only, and is not divided by purpose."


def grid(ledger: Ledger, node: Node, wanted: GridQuery) -> Grid:
    """One rate of these jurisdictions over these periods; equal to what `report` says of each.

    NotInAGrid, NotServed, NotFound for a partner that the node does not have, NotOfHandshakes. A grid for an as-of moment in
    the past never changes.
    """
    if wanted.rate not in (*GRID_RATES, *HANDSHAKE_RATES) or wanted.narrowing.purpose is not None:
        raise NotInAGrid
    groups = [_counties(node, code) for code in wanted.jurisdictions]
    counties = sorted({county for group in groups for county in group})
    if wanted.rate in HANDSHAKE_RATES:
        return _handshakes(ledger, node, wanted, groups, counties)
    filling = _Filling(ledger, node, wanted, counties)
    cube = filling.filled()
    shown = [place for place, matter in enumerate(cube.matters) if _is_shown(node, matter) or cube.denominator[..., place].any()]
    return Grid(
        query=wanted,
        rules=node.rules.version,
        rules_digest=node.rules.digest,
        divisions=node.divisions.edition,
        matters=tuple(cube.matters[place] for place in shown),
        numerator=cube.of(groups, cube.numerator)[..., shown],
        denominator=cube.of(groups, cube.denominator)[..., shown],
    )


def _handshakes(ledger: Ledger, node: Node, wanted: GridQuery, groups: Sequence[Sequence[str]], counties: Sequence[str]) -> Grid:
    """The grid of a rate that rests on reconciliations: the registers are its matters, one or both together."""
    moments = [min(node.rules.default_as_of(node.rules.month_of(period.last)), wanted.as_of) for period in wanted.periods]
    by_register = side_totals(ledger, node, counties, moments, wanted.narrowing)
    place = {county: n for n, county in enumerate(counties)}
    members = [[place[county] for county in group] for group in groups]
    parts = {register.value: np.stack([totals[each].sum(axis=0) for each in members]) for register, totals in by_register.items()}
    if wanted.by is By.ALL:
        parts = {By.ALL.value: np.sum(list(parts.values()), axis=0)}
    counted = [rate_of(wanted.rate, totals) for totals in parts.values()]
    return Grid(
        query=wanted,
        rules=node.rules.version,
        rules_digest=node.rules.digest,
        divisions=node.divisions.edition,
        matters=tuple(parts),
        numerator=np.stack([numerator for numerator, _ in counted], axis=-1),
        denominator=np.stack([denominator for _, denominator in counted], axis=-1),
    )


def jurisdictions_at(node: Node, within: str, level: Level) -> tuple[str, ...]:
    """The places of a level that hold counties served here within a place, so that together they are all of it.

    A county directly below a province stands for itself among the prefectures. NotServed if none is served there.
    """
    divisions, found = node.divisions, set[str]()
    for county in _counties(node, within):
        line = [county, *divisions.ancestors(county)]
        found.add(next((code for code in line[1:] if divisions.level_of(code) is level), county))
    return tuple(sorted(found))


class _Filling:
    """One grid under way."""

    def __init__(self, ledger: Ledger, node: Node, wanted: GridQuery, counties: Sequence[str]) -> None:
        self._ledger, self._node, self._wanted = ledger, node, wanted
        self._role = Role.ASKER if wanted.rate is RateName.FEEDBACK_OBTAINED else Role.ASKED
        self._boundary, self._beyond = boundary_of(wanted.as_of)
        sorts = sorts_of(wanted.narrowing).joined(GRID_RATES[wanted.rate])
        # Asked for outflow within inflow: nothing is both.
        self._nothing, self._sorts = sorts is None, sorts or GRID_RATES[wanted.rate]
        self._within: Within = elsewhere(node, wanted.narrowing.other)
        by_page = SortFilter(self._sorts.mask & PAGE_MASK, self._sorts.value & PAGE_MASK)
        on_time = wanted.rate is RateName.ON_TIME
        self._cube = Cube(counties, len(wanted.periods), wanted.by, by_page, on_time=on_time)
        self._chosen = Selection(
            own=frozenset(counties),
            role=self._role,
            boundary=self._boundary,
            beyond=self._beyond,
            cohort=wanted.cohort,
            first=0,
            last=0,
            answered_before=0,
            sorts=self._sorts,
            sort_bits=PAGE_MASK,
            links=links_of(ledger, node, wanted.narrowing.partner),
            township=wanted.narrowing.township,
            by_other=wanted.narrowing.other is not None,
        )

    def filled(self) -> Cube:
        """The counts of all cells."""
        if self._nothing:
            return self._cube
        narrowing = self._wanted.narrowing
        by_page = self._sorts.fits_pages and narrowing.partner is narrowing.other is narrowing.township is None
        pages = self._pages() if by_page else {}
        paged: list[tuple[int, Piece]] = []
        for place, period in enumerate(self._wanted.periods):
            whole, rest = spans_of(period, pages)
            for piece in whole:
                self._cube.add_page(place, pages[piece].cells)
                paged.append((place, piece))
            for span in rest:
                self._add_span(place, span)
        self._add_touched(paged)
        return self._cube

    def _pages(self) -> dict[Piece, TotalsPage]:
        """The pages that are valid; of another rule set's months, which would overlap, none."""
        turn = self._node.rules.statistical_month_first_day
        pages = self._ledger.counting.pages(self._wanted.cohort, self._role, self._boundary)
        return {piece: page for piece, page in pages.items() if piece_of(piece.first, turn) == piece}

    def _add_span(self, place: int, span: Piece) -> None:
        chosen = replace(self._chosen, first=span.first, last=span.last)
        if chosen.first <= chosen.last_counted:
            self._cube.add_sums(place, (one for one in self._ledger.counting.counts(chosen) if self._takes_other(one)))

    def _takes_other(self, one: CountSum) -> bool:
        return one.other is None or self._within(one.other)

    def _add_touched(self, paged: Sequence[tuple[int, Piece]]) -> None:
        """Take what is touched out of the pages, which hold it as it was stored, and add the verdicts on it everywhere."""
        touched = self._ledger.counting.touched(self._chosen)
        if not touched:
            return
        for versions in self._ledger.counting.versions(touched).values():
            for version in versions:
                if version.holds_at(self._boundary):
                    self._take_out(version, paged)
        for history in self._ledger.exchanges.histories(sorted(touched)):
            verdict = history.verdict_at(self._wanted.as_of, lapse_days=self._node.rules.lapse_days)
            if verdict is not None and takes(history, self._chosen, self._within) and self._is_there(history):
                self._add_verdict(history, verdict)

    def _take_out(self, version: Version, paged: Sequence[tuple[int, Piece]]) -> None:
        due = self._wanted.cohort is Cohort.DUE
        day = version.first_due if due else version.received
        if due and day >= self._boundary:
            return
        for place, piece in paged:
            if piece.first <= day <= piece.last:
                self._cube.add_sums(place, [_count_of(version)], times=-1)

    def _add_verdict(self, history: History, verdict: Verdict) -> None:
        counts = verdict.due_in if self._wanted.cohort is Cohort.DUE else verdict.submitted_in
        one = CountSum(
            own=history.exchange.own,
            other=None,
            sort=sort_of(history.exchange),
            cohort=int(not verdict.withdrawn_apart),
            answered=int(verdict.answered and not verdict.withdrawn_apart),
            on_time=int(verdict.on_time and not verdict.withdrawn_apart),
        )
        for place, period in enumerate(self._wanted.periods):
            if counts(period):
                self._cube.add_sums(place, [one])

    def _is_there(self, history: History) -> bool:
        township = self._wanted.narrowing.township
        return township is None or (history.township_at(self._wanted.as_of) or UNASSIGNED) == township


def _count_of(version: Version) -> CountSum:
    apart = bool(version.marks & Mark.APART)
    answered, on_time = (int(bool(version.marks & mark)) for mark in (Mark.ANSWERED, Mark.ON_TIME))
    return CountSum(version.own, None, version.sort, int(not apart), answered, on_time)


def _is_shown(node: Node, matter: str) -> bool:
    """A matter that wants feedback has its column even if nothing happened; any other only if something did."""
    return matter not in _EVENTS or matter in node.rules.feedback_wanted


def _counties(node: Node, code: str) -> tuple[str, ...]:
    counties = served_within(node, code)
    if not counties:
        raise NotServed
    return tuple(sorted(counties))
