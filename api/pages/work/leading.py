"""The way back from a page to the list, report or entry that led to it."""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

_LONGEST: Final = 1000


class Way(NamedTuple):
    """A page of ours that leads to others, and what it is called."""

    path: str
    zh: str
    en: str


WORKLISTS: Final = Way("/worklists", "待办清单", "Worklists")
_PLACES: Final = (
    WORKLISTS,
    Way("/reports", "报表", "Report"),
    Way("/entries", "台账个案", "Entry"),
    Way("/escalations", "督办", "Escalations"),
    Way("/certificates", "证明核验", "Certificates"),
    Way("/imports", "导入结果", "Import"),
)


def way_back(given: str) -> Way:
    """The page of ours that an address names as where somebody came from; the worklists for any other."""
    # What begins with one slash has neither a scheme nor a host.
    is_ours = given.startswith("/") and not given.startswith("//") and "\\" not in given
    if is_ours and given.isprintable() and len(given) <= _LONGEST:
        path = urlsplit(given).path
        for place in _PLACES:
            if path == place.path or path.startswith(f"{place.path}/"):
                return Way(given, place.zh, place.en)
    return WORKLISTS
