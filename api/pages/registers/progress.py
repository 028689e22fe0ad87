"""How far an import is, while it goes on behind its request: a page that renews itself, and a stream for scripts."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from adapters.office import Office
from adapters.sheets import ImportLayout
from api.access import AnswererDep, Caller, LimiterDep, OfficeDep, ReadLedgerDep, WithinDep
from api.local.imports import files_of
from api.models.base import IdPath
from api.pages.language import Language
from api.pages.route import Page, ViewerDep, page_router, see_other
from api.serving.audit import PROGRESS
from api.serving.importing import Importing
from exchange.errors import NotFound
from exchange.imports import ImportBroken, ImportedFile, ImportRun, RunProblem, Stage
from exchange.ledger import Ledger, LedgerBusy, Within

router = page_router()
ONE: Final = "/imports/{id}"
RUN: Final = "/imports/runs/{id}"
_EVENTS: Final = RUN + "/events"
# A stream ends by itself and is asked for anew: with it who is signed in, and may see the county's imports, is asked anew.
_LOOKS: Final = 15
_LOOK_SECONDS: Final = 1.0
_BROKEN: Final = RunProblem(code=ImportBroken.code, zh=ImportBroken.zh, en=ImportBroken.en)


@dataclass(frozen=True, slots=True)
class RunShown:
    """A run in the reader's words. `of` is None while it is not known how many rows there are."""

    id: str
    layout: ImportLayout
    began_at: datetime
    words: str
    goes_on: bool
    done: int
    of: int | None
    problem: RunProblem | None


async def importing_of(request: Request) -> Importing:
    """The imports of this process."""
    importing = request.app.state.importing
    if not isinstance(importing, Importing):
        raise TypeError("the application was made without an office")
    return importing


ImportingDep = Annotated[Importing, Depends(importing_of)]


async def _following(limiter: LimiterDep, caller: AnswererDep) -> AsyncIterator[None]:
    """One of the places for streams, until this one has ended."""
    with limiter.following(caller.key):
        yield


@router.get(RUN)
def show_import_run(
    viewer: ViewerDep, caller: AnswererDep, office: OfficeDep, ledger: ReadLedgerDep, id: IdPath
) -> Page | Response:
    """How far an import is, and at its end what came of it."""
    run = _own(ledger, caller, id)
    if run.made is not None:
        made = ledger.imports.get(run.made)
        return see_other(result_of(made, run.began_at) if made is not None else ONE.format(id=run.made))
    return viewer.page("import_run.html", run=shown(viewer.language, run, office.now()), events=_EVENTS.format(id=id))


def result_of(file: ImportedFile, began_at: datetime) -> str:
    """Where it stands what came of a file that was brought at a moment: then, or when it was brought before."""
    return ONE.format(id=file.id) + ("?earlier=true" if file.at < began_at else "")


@router.get(_EVENTS, tags=[PROGRESS])
def follow_import_run(
    viewer: ViewerDep,
    caller: AnswererDep,
    office: OfficeDep,
    within: WithinDep,
    ledger: ReadLedgerDep,
    id: IdPath,
    _: Annotated[None, Depends(_following)],
) -> Response:
    """The same as events, one a second, for some seconds."""
    _own(ledger, caller, id)
    # A proxy that gathers an answer before it passes it on would keep all events to the end.
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(viewer.language, office, within, id), media_type="text/event-stream", headers=headers)


def shown(language: Language, run: ImportRun, now: datetime) -> RunShown:
    """A run for a page."""
    broken = run.stage is Stage.FAILED or run.is_lost(now)
    goes_on = not broken and not run.has_ended
    return RunShown(
        id=run.id,
        layout=ImportLayout(run.layout),
        began_at=run.began_at,
        words=_words(language, run) if goes_on else "",
        goes_on=goes_on,
        done=run.done,
        of=run.rows or None,
        problem=run.problem or _BROKEN if broken else None,
    )


def _words(language: Language, run: ImportRun) -> str:
    t = language.t
    done, rows = language.number(run.done), language.count(run.rows, "行", "row", "rows")
    match run.stage:
        case Stage.WAITING:
            return t("排队等候：前面还有表格在导入", "Waiting: another sheet is being imported")
        case Stage.JUDGING:
            return t(f"正在检查：已检查 {done} / {rows}", f"Checking: {done} of {rows} checked")
        case Stage.TAKING:
            return t(f"正在登记：已登记 {done} / {rows}", f"Taking in: {done} of {rows} taken")
        case _:
            return t("正在读取文件", "Reading the file")


async def _events(language: Language, office: Office, within: Within | None, run_id: str) -> AsyncIterator[str]:
    def look() -> RunShown | None:
        with office.ledgers.transaction(read_only=True, within=within) as ledger:
            run = ledger.imports.run(run_id)
        return None if run is None else shown(language, run, office.now())

    yield "retry: 1000\n\n"
    for _ in range(_LOOKS):
        try:
            run = await run_in_threadpool(look)
        except LedgerBusy:
            pass  # the next look may find it free
        else:
            if run is None or not run.goes_on:
                yield "event: ended\ndata: {}\n\n"
                return
            told = json.dumps({"words": run.words, "done": run.done, "of": run.of}, ensure_ascii=False)
            yield f"event: progress\ndata: {told}\n\n"
        await asyncio.sleep(_LOOK_SECONDS)


def _own(ledger: Ledger, caller: Caller, run_id: str) -> ImportRun:
    run = ledger.imports.run(run_id)
    if run is None or run.jurisdiction not in files_of(caller):
        raise NotFound
    return run
