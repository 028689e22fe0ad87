"""Listings in pages: an opaque cursor in the body and in `Link: rel="next"`."""

from collections.abc import Callable
from typing import Annotated, NamedTuple, TypeVar

from fastapi import Depends, Query, Request, Response

from exchange.cursors import BadCursor
from exchange.ledger import Page
from exchange.wire import ijson

Row = TypeVar("Row")


class Paging(NamedTuple):
    """Which page is wanted, and where to say what comes after it."""

    page: Page
    request: Request
    response: Response

    def rows(self, find: Callable[[Page], list[Row]], place: Callable[[Row], str]) -> tuple[list[Row], str | None]:
        """The rows of the page, and the cursor of the next one if there is more."""
        found = find(Page(after=self.page.after, limit=self.page.limit + 1))
        if len(found) <= self.page.limit:
            return found, None
        kept = found[: self.page.limit]
        following = ijson.b64url_encode(place(kept[-1]).encode())
        link = self.request.url.include_query_params(cursor=following)
        self.response.headers["link"] = f'<{link.path}?{link.query}>; rel="next"'
        return kept, following

    def query_after(self, following: str | None) -> str | None:
        """The query of the next page, as a link on a page has it; None if there is none."""
        return self.request.url.include_query_params(cursor=following).query if following else None


def wanted_page(
    request: Request,
    response: Response,
    cursor: Annotated[
        str | None, Query(min_length=1, max_length=300, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="rows on a page")] = 100,
) -> Paging:
    """The page that the query names; BadCursor for a cursor that was never given out."""
    try:
        after = ijson.b64url_decode(cursor).decode("ascii") if cursor is not None else ""
    except ValueError as exc:
        raise BadCursor from exc
    return Paging(Page(after=after, limit=limit), request, response)


PagingDep = Annotated[Paging, Depends(wanted_page)]
