"""`woshou pairing`, and what `woshou exchange` says of candidates: a clerk's help where exact identity does not decide."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from adapters.linkage import link
from adapters.office import Office
from api.models.registers.pairing import Candidates
from exchange.pairing.suggesting import Suggestion
from exchange.verbs.pair import unpair
from exchange.verbs.pairing.candidates import candidates
from exchange.verbs.pairing.index import index_some
from exchange.verbs.pairing.suggest import gather, suggest
from woshou.cli import show
from woshou.cli.call import Call, command, group
from woshou.cli.show import PERSON, about
from woshou.cli.sides import ExchangeId, RoleOption, row_of, side
from woshou.cli.words import say

_CANDIDATE = {"entry": ("个案", "Entry"), "probability": ("概率", "Probability"), "open": ("在册", "Open")}
_WHY = {"why": ("理由（比特）", "Why (bits)")}
_SUGGESTION = {
    "exchange": ("交换", "Exchange"),
    "role": ("角色", "Role"),
    "entry": ("个案", "Entry"),
    "probability": ("概率", "Probability"),
    "linked": ("批量比对", "Linkage"),
}
CountyOption = Annotated[str | None, typer.Option(help=say("本方区县代码", "own county"))]


def install(app: typer.Typer) -> None:
    """Add the group."""
    pairing = group("配对候选：建索引、批量比对、查看建议", "Candidates: make keys, link many at once, list suggestions")
    app.add_typer(pairing, name="pairing")
    _install_upkeep(pairing)
    _install_linkage(pairing)


def install_candidates(app: typer.Typer) -> None:
    """Add to the commands about one exchange."""

    @command(
        app, "candidates", zh="列出本地台账中可能的人员及理由（含个人信息）", en="List who of the register it may be, and why"
    )
    def candidates_of(call: Call, exchange: ExchangeId, role: RoleOption = None) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            held = side(ledger, exchange, role)
            shown = Candidates.of(held, candidates(ledger, office.node, held)).model_dump(mode="json", by_alias=True)
        rows = shown.pop("items")
        if not call.json:
            rows = [{**row, **about(row["person"]), "why": _why(row["reasons"])} for row in rows]
        call.rows(rows, {**_CANDIDATE, **PERSON, **_WHY}, **shown)

    @command(app, "unpair", zh="解除错误的配对", en="Undo a wrong pairing")
    def unpair_from(call: Call, exchange: ExchangeId, role: RoleOption = None) -> None:
        with call.office() as office, office.ledgers.transaction() as ledger:
            made = row_of(ledger, office, unpair(ledger, side(ledger, exchange, role), office.now()))
        call.done(made, "已解除配对。", "Undone.")


def _why(reasons: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(f"{reason['weight']:+.1f} {say(reason['zh'], reason['en'])}" for reason in reasons)


def _install_upkeep(app: typer.Typer) -> None:
    @command(app, "index", zh="为尚无检索键的个案补建检索键，可中断后继续", en="Make keys for entries without; may be broken off")
    def index(call: Call) -> None:
        made = _index(call)
        call.done({"entries": made}, f"已为 {made} 个个案建立检索键。", f"{made} entries got their keys.")


def _index(call: Call) -> int:
    made = 0
    with call.office() as office, show.progress() as bar:
        task = bar.add_task(say("建立检索键", "Making keys"), total=None)
        after: str | None = ""
        while after is not None:
            with office.ledgers.transaction() as ledger:
                done = index_some(ledger, after)
            made, after = made + done.entries, done.after
            bar.update(task, description=say(f"建立检索键：{made}", f"Making keys: {made}"))
    return made


def _install_linkage(app: typer.Typer) -> None:
    @command(app, "bulk", zh="批量比对无可用证件的人员，只生成建议", en="Link many people without a usable ID; suggestions only")
    def bulk(call: Call, jurisdiction: CountyOption = None) -> None:
        with call.office() as office, call.progress("批量比对", "Linking"):
            counts = _bulk(office, call.county(office, jurisdiction))
        call.done(
            counts,
            f"比对 {counts['exchanges']} 项未配对的交换，{counts['with_suggestion']} 项有建议，待经办人确认。",
            f"{counts['exchanges']} unpaired exchanges, {counts['with_suggestion']} with suggestions for a clerk to decide.",
        )

    @command(app, "suggestions", zh="列出批量比对的建议（不含个人信息）", en="List what the linkage suggested (without persons)")
    def suggestions(
        call: Call,
        jurisdiction: CountyOption = None,
        limit: Annotated[int, typer.Option(min=1, max=10_000, help=say("条数", "how many"))] = 100,
    ) -> None:
        with call.office() as office, office.ledgers.transaction(read_only=True) as ledger:
            rows = ledger.pairing.suggestions(call.counties(office, jurisdiction), limit)
        call.rows([_row(each) for each in rows], _SUGGESTION)


def _bulk(office: Office, county: str) -> dict[str, int]:
    """The reading, the linking and the writing each by themselves: linking takes its time, and nobody shall wait for it."""
    with office.ledgers.transaction(read_only=True) as ledger:
        lists = gather(ledger, office.node, county)
    counts = {"exchanges": 0, "with_suggestion": 0, "suggestions": 0}
    for gathered in lists:
        linked = link(gathered.asked, gathered.entered)
        with office.ledgers.transaction() as ledger:
            came = suggest(ledger, office.node, gathered, linked, office.now())
        counts = {name: counts[name] + number for name, number in came._asdict().items()}
    return counts


def _row(suggestion: Suggestion) -> dict[str, Any]:
    key = suggestion.exchange
    return {
        "exchange": key.exchange,
        "role": key.role,
        "entry": suggestion.entry,
        "probability": round(suggestion.probability, 4),
        "linked": suggestion.linked,
        "rules": suggestion.rules,
        "at": suggestion.at,
    }
