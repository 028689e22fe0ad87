"""Parts of pages that are made from the code: between two comments that name them."""

from pathlib import Path

ROOT = Path(__file__).parents[1]


class NoSuchPart(ValueError):
    """The page has no pair of comments of this name."""


def filled(page: str, part: str, text: str) -> str:
    """The page with this text between ``<!-- part: begin -->`` and ``<!-- part: end -->``; NoSuchPart if they are not there."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise NoSuchPart(part)
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


def fill(name: str, part: str, text: str) -> None:
    """Write it into the page of that name."""
    path = ROOT / name
    path.write_text(filled(path.read_text("utf-8"), part, text), "utf-8")
