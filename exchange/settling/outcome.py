"""What came of reconciling the ledgers of one link."""

from dataclasses import dataclass
from datetime import datetime

from exchange.comparing.comparison import Comparison
from exchange.settling.heads import Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOutcome:
    """One run with one partner.

    `heads` is how both logs stood at its end, None where the partner's word on them was no proof, or for a local link, whose
    two sides stand in one ledger. `resent` batches were given back to the partner, `adopted` ones taken back here.
    `comparison` is None where the logs have forked: then there is nothing to compare. `open_findings` is what still waits for
    people on this link's ledgers and figures.
    """

    partner: str
    at: datetime
    heads: Judgement | None
    resent: int
    adopted: int
    comparison: Comparison | None
    open_findings: int
    settled: bool
