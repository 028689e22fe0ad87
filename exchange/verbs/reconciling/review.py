"""Look at a reconciliation: what it came to, pair by pair beside the last run before it, and let a person release a pair."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.errors import Invalid, NotFound
from exchange.ledger import Ledger
from exchange.node import Node
from exchange.reconciling.pairs import MOST_DIFFERENCES, Pair
from exchange.reconciling.reconciliation import LeftOut, LinkStep, PairFailed, Reconciliation, latest
from exchange.reconciling.results import RegisterRun, Release
from exchange.verbs.routing.find import Counties, table_of

MOST_DAYS = 30
_MOMENT = timedelta(milliseconds=1)


class NotToBeReleased(Invalid):
    """The pair is none of this node with that partner, or the limit is none."""

    code = "not-to-be-released"
    zh = f"须为本节点的区县与该协作方所服务区县之间的一对台账，限额 1 至 {MOST_DIFFERENCES}，天数 1 至 {MOST_DAYS}。"
    en = (
        "Name a county of this node and one that the partner serves, a limit of 1 to"
        f" {MOST_DIFFERENCES}, and 1 to {MOST_DAYS} days."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSeen:
    """A pair's run, and the last settled one before the reconciliation began."""

    run: RegisterRun
    before: RegisterRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A reconciliation with all that came of it."""

    reconciliation: Reconciliation
    links: tuple[LinkStep, ...]
    pairs: tuple[PairSeen, ...]
    failed: tuple[PairFailed, ...]
    left_out: tuple[LeftOut, ...]


def review(ledger: Ledger, node: Node, counties: frozenset[str], reconciliation: str) -> Review:
    """One reconciliation, with the pairs of these own counties; NotFound."""
    held = ledger.reconciliations.get(reconciliation)
    if held is None:
        raise NotFound
    runs = latest(ledger.register_runs.of_reconciliation(held.id))
    failed = (each for each in ledger.reconciliations.failed(held.id) if each.pair not in runs)
    return Review(
        reconciliation=held,
        links=tuple(ledger.reconciliations.links(held.id)),
        pairs=beside(ledger, node, held.began_at, (run for run in runs.values() if _seen(run.pair, counties))),
        failed=tuple(each for each in failed if _seen(each.pair, counties)),
        left_out=tuple(
            each for each in ledger.reconciliations.left_out(held.id) if each.pair is None or _seen(each.pair, counties)
        ),
    )


def beside(ledger: Ledger, node: Node, began_at: datetime, runs: Iterable[RegisterRun]) -> tuple[PairSeen, ...]:
    """Runs, each with the last settled one of its pair that had ended when the reconciliation began."""
    settled = ledger.register_runs.settled(node.jurisdictions, began_at - _MOMENT)
    before = {(run.pair, run.partner): run for run in settled}
    return tuple(PairSeen(run=run, before=before.get((run.pair, run.partner))) for run in runs)


def release(ledger: Ledger, node: Node, partner: str, pair: Pair, limit: int, days: int, by: str, now: datetime) -> Release:
    """A person's word that a pair may show up to so many differing persons for some days; NotToBeReleased."""
    served = Counties(table_of(ledger, node), partner)
    sides = ((pair.origin, pair.destination), (pair.destination, pair.origin))
    ours = any(own in node.jurisdictions and other in served for own, other in sides)
    if not ours or not 1 <= limit <= MOST_DIFFERENCES or not 1 <= days <= MOST_DAYS:
        raise NotToBeReleased
    made = Release(partner=partner, pair=pair, limit=limit, by=by, at=now, until=now + timedelta(days=days))
    ledger.register_runs.release(made)
    return made


def _seen(pair: Pair, counties: frozenset[str]) -> bool:
    return not counties.isdisjoint((pair.origin, pair.destination))
