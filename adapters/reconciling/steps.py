"""What a reconciliation consists of, link by link and pair by pair; whoever follows it is told by `Watch`."""

from collections.abc import Callable
from typing import Protocol

from exchange.reconciling.pairs import Comparable, Pair
from exchange.reconciling.reconciliation import LinkStep, PairFailed, Reconciliation
from exchange.reconciling.results import RegisterRun
from exchange.settling.outcome import LedgerOutcome
from exchange.verbs.reconciling.night import Begun

Came = LinkStep | RegisterRun | PairFailed
ReconcileLedgers = Callable[[str, Callable[[int, int], None]], LedgerOutcome]


class ReconcileRegisters(Protocol):
    """Compares one pair; PartnerTrouble, NotAuthentic or Refused."""

    def __call__(
        self, what: Comparable, own: str, *, reconciliation: str | None, dry_run: bool = False, step: Callable[[str], None]
    ) -> RegisterRun: ...


def link_step(reconciliation: Reconciliation, came: LedgerOutcome) -> LinkStep:
    """What is kept of it."""
    compared = came.comparison
    return LinkStep(
        reconciliation=reconciliation.id,
        partner=came.partner,
        at=came.at,
        comparison=None if compared is None else compared.id,
        equal=None if compared is None else compared.equal,
        differ=0 if compared is None else compared.differ,
        resent=came.resent,
        adopted=came.adopted,
        findings=came.open_findings,
        settled=came.settled,
    )


class Watch(Protocol):
    """Who follows a reconciliation. A step without a pair is about the link's ledgers; `told` comes from any thread."""

    def begun(self, begun: Begun) -> None: ...
    def told(self, partner: str, pair: Pair | None, what: str) -> None: ...
    def ended(self, partner: str, pair: Pair | None, what: Came) -> None: ...


class Unwatched:
    """Nobody follows it."""

    def begun(self, begun: Begun) -> None:
        """It has begun."""

    def told(self, partner: str, pair: Pair | None, what: str) -> None:
        """A step goes on."""

    def ended(self, partner: str, pair: Pair | None, what: Came) -> None:
        """A step has ended."""
