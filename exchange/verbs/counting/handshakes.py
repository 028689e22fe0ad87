"""Read the handshake as a series, from one reading of the runs: for a trend, and for a grid of many places and months."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from exchange.codes import RegisterKind
from exchange.counting.query import Narrowing
from exchange.counting.reconciled.series import SIDES, Line, Series, SeriesQuery, Totals, handshakes_at, totals_of
from exchange.errors import Invalid, NotFound
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node, NotServed
from exchange.reconciling.handshake import Step
from exchange.verbs.counting.engine import served_within
from exchange.verbs.counting.reconciled import Wanted


class NotOfHandshakes(Invalid):
    """A filter that divides matters or townships, which comparing two registers does not tell apart."""

    code = "not-of-handshakes"
    zh = "握手率、字段一致率不能按种类、事件、用途、紧急程度或乡镇细分。"
    en = "Handshake and field agreement are not divided by kind, event, purpose, priority or township."


def handshake_series(ledger: Ledger, node: Node, query: SeriesQuery) -> Series:
    """The handshake of a jurisdiction at each moment; equal to what `report` says as of then.

    NotServed, NotFound for a partner that the node does not have, NotOfHandshakes. The past of a series never changes.
    """
    counties = served_within(node, query.jurisdiction)
    if not counties:
        raise NotServed
    wanted, steps = read_steps(ledger, node, counties, query.moments, query.narrowing)
    partners = sorted({step.partner for step in steps if wanted.takes_partner(step.partner)}) if query.by_partner else []
    keys: list[str | None] = [None, *partners]

    def keys_of(step: Step) -> Iterator[str | None]:
        for _ in sides_of_step(step, counties, wanted):
            yield None
            yield step.partner

    totals = totals_of(steps, len(query.moments), keys, keys_of)
    lines = (
        Line(partner=key, points=tuple(handshakes_at(point) for point in totals[row]))
        for row, key in enumerate(keys)
        if key is None or totals[row].any()
    )
    return Series(query=query, rules=node.rules.version, divisions=node.divisions.edition, lines=tuple(lines))


def side_totals(
    ledger: Ledger, node: Node, counties: Sequence[str], moments: Sequence[datetime], narrowing: Narrowing
) -> dict[RegisterKind, Totals]:
    """Of each register the counts by county, by moment. One query for all of them."""
    own = frozenset(counties)
    wanted, steps = read_steps(ledger, node, own, moments, narrowing)
    keys = [(county, register) for register in SIDES for county in counties]
    totals = totals_of(steps, len(moments), keys, lambda step: sides_of_step(step, own, wanted))
    return {register: totals[n * len(counties) : (n + 1) * len(counties)] for n, register in enumerate(SIDES)}


def read_steps(
    ledger: Ledger, node: Node, own: frozenset[str], moments: Sequence[datetime], narrowing: Narrowing
) -> tuple[Wanted, list[Step]]:
    """The steps of these counties' pairs, and what of them is wanted."""
    if narrowing.by_matter or narrowing.township is not None:
        raise NotOfHandshakes
    partner = narrowing.partner
    if partner is not None and partner != node.name and ledger.partners.get(partner) is None:
        raise NotFound
    return Wanted(node, narrowing), ledger.register_runs.steps(own, moments)


def sides_of_step(step: Step, own: frozenset[str], wanted: Wanted) -> Iterator[tuple[str, RegisterKind]]:
    """The wanted sides of a step, each with its county."""
    if wanted.takes_partner(step.partner):
        day = civil_day(step.ended_at)
        for county, register in zip((step.pair.origin, step.pair.destination), SIDES, strict=True):
            if county in own and wanted.takes(register, step.pair, day):
                yield county, register
