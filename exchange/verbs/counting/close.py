"""Close days: bring the stored versions, and the pages of their totals, up to what the facts say by now.

Nothing depends on when it is done, or whether it is: what is not closed yet is judged when it is asked for. A closing only
makes the asking quick.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from exchange.codes import Role
from exchange.counting.pages import PageKey, Piece, TotalsPage, packed, piece_of, pieces_between
from exchange.counting.version import FOREVER, Version, first_difference, versions_of
from exchange.exchanges import ExchangeKey
from exchange.ledger import Ledger
from exchange.moments import civil_day
from exchange.node import Node
from exchange.rates import Cohort

AT_ONCE = 500


def close_exchanges(ledger: Ledger, now: datetime, limit: int = AT_ONCE) -> int:
    """Count some of what happened on days that are over; how much of the queue was done. 0 once nothing waits.

    Call it in transactions of its own until then: none is long, so that no clerk waits.
    """
    ledger.counting.lock()
    queued = ledger.counting.queued(civil_day(now).toordinal(), limit)
    count_anew(ledger, {one.key for one in queued})
    ledger.counting.unqueue(one.id for one in queued)
    return len(queued)


def count_anew(ledger: Ledger, keys: Iterable[ExchangeKey]) -> int:
    """Write the versions of these exchanges as their facts have them; of how many they were others."""
    wanted = sorted(set(keys))
    held = ledger.counting.versions(wanted)
    derived = {history.exchange.key: versions_of(history) for history in ledger.exchanges.histories(wanted)}
    changed = {key: derived.get(key, ()) for key in wanted if derived.get(key, ()) != held.get(key, ())}
    ledger.counting.replace(changed)
    _spoil(ledger, changed, held)
    return len(changed)


def close_pages(ledger: Ledger, node: Node, now: datetime) -> list[PageKey]:
    """The pages that are to be made as of the last midnight, for what is there is not valid then."""
    boundary, turn = civil_day(now).toordinal(), node.rules.statistical_month_first_day
    missing = []
    for cohort in Cohort:
        for role in Role:
            extent = ledger.counting.extent(cohort, role)
            if extent is None:
                continue
            # A due date ahead counts for nothing yet.
            last = min(extent.last, boundary - 1) if cohort is Cohort.DUE else extent.last
            valid = ledger.counting.pages(cohort, role, boundary)
            whole = pieces_between(piece_of(extent.first, turn).first, piece_of(max(last, extent.first), turn).last, turn)
            missing += [PageKey(cohort, role, piece) for piece in whole if piece not in valid and piece.first <= last]
    return missing


def make_page(ledger: Ledger, node: Node, key: PageKey, now: datetime) -> TotalsPage:
    """Make one page as of the last midnight; valid until the next day on which its content changes by the clock.

    Those before it are dropped, but for one that holds at a customary as-of moment (the 27th 24:00): for any other moment
    in the past the versions are added up when they are asked for.
    """
    ledger.counting.lock()
    boundary = civil_day(now).toordinal()
    until = ledger.counting.next_change(key, boundary)
    for held, old in ledger.counting.spans():
        if held == key and old.last < boundary and not _is_kept(node, old):
            ledger.counting.drop_page(key, old.first - 1)
    page = TotalsPage(
        key=key,
        since=boundary - 1,
        until=FOREVER if until is None else until,
        content=packed(ledger.counting.totals(key, boundary)),
    )
    ledger.counting.put_page(page)
    return page


def _is_kept(node: Node, boundaries: Piece) -> bool:
    """Whether one of these boundaries is a customary as-of moment."""
    day = date.fromordinal(boundaries.first).replace(day=node.rules.default_as_of_day)
    while day.toordinal() + 1 <= boundaries.last:
        if boundaries.first <= day.toordinal() + 1:
            return True
        day = (day.replace(day=1) + timedelta(days=31)).replace(day=node.rules.default_as_of_day)
    return False


def _spoil(ledger: Ledger, now: Mapping[ExchangeKey, Sequence[Version]], before: Mapping[ExchangeKey, Sequence[Version]]) -> None:
    """Let no page hold beyond the first day at whose end its content is another one now."""
    changed: dict[tuple[Cohort, Role, int], int] = {}
    for key, versions in now.items():
        since = first_difference(versions, before.get(key, ()))
        for version in (*versions, *before.get(key, ())):
            for cohort, day in ((Cohort.DUE, version.first_due), (Cohort.SUBMITTED, version.received)):
                if since is not None and version.until > since:
                    place = (cohort, key.role, day)
                    changed[place] = min(since, changed.get(place, since))
    for page, boundaries in ledger.counting.spans() if changed else ():
        since = min(
            (
                since
                for (cohort, role, day), since in changed.items()
                if (cohort, role) == (page.cohort, page.role) and page.piece.first <= day <= page.piece.last
            ),
            default=FOREVER,
        )
        spoil_page(ledger, page, boundaries, since)


def spoil_page(ledger: Ledger, page: PageKey, boundaries: Piece, day: int) -> None:
    """Let a page that holds at these boundaries hold at none after a day."""
    if boundaries.first > day:
        ledger.counting.drop_page(page, boundaries.first - 1)
    elif boundaries.last > day:
        ledger.counting.cut_page(page, boundaries.first - 1, day)
