"""How often checks may find nothing, so that nobody guesses numbers: counted in the ledger, over all processes of a node.

A miss is an answer `unknown`. What a caller missed is its own doing and known to it, so the caller is refused (429). What others
missed about a certificate or a holder is not, so the answer is then `cannot_say`, which is also that of a county that keeps no
certificates; it is given before anything is looked at, whether the question would have fitted or not.
"""

from datetime import timedelta
from typing import Final, NamedTuple

WINDOW: Final = timedelta(hours=24)
# A partner speaks for all counties that it serves; a key is one clerk or system.
OF_PARTNER: Final = 200
OF_KEY: Final = 30
# Enough for a slip or two of the pen, by more than one county.
OF_CERTIFICATE: Final = 5
OF_HOLDER: Final = 10


class Misses(NamedTuple):
    """How many checks found nothing within the window: of a caller, and of whomever about a certificate and a holder."""

    caller: int
    certificate: int
    holder: int

    @property
    def hold_back(self) -> bool:
        """Whether nothing is told about this certificate or this holder for now."""
        return self.certificate >= OF_CERTIFICATE or self.holder >= OF_HOLDER

    def reached_by_one_more(self, of_caller: int) -> tuple[str, ...]:
        """Which limits another miss reaches: people are told then, and not before."""
        counts = (("caller", self.caller, of_caller), ("certificate", self.certificate, OF_CERTIFICATE))
        return tuple(what for what, count, limit in (*counts, ("holder", self.holder, OF_HOLDER)) if count + 1 == limit)
