"""One call of the command line: the node's data folder, the way to print, and how a function becomes a command."""

import functools
import inspect
import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pydantic
import typer
from typer import rich_utils
from typer.core import TyperGroup

from adapters.auditing.trail import before_showing, leaving
from adapters.office import Office
from exchange.errors import Invalid, Retry
from exchange.node import NotServed
from woshou import logging
from woshou.cli import show
from woshou.cli.audit import begin_trail, commanding, leave_row, told_in
from woshou.cli.exits import Ending, Exit, NotInitialised, SettingsWrong, print_error
from woshou.cli.show import Header
from woshou.cli.usage import show_usage, told_of
from woshou.cli.words import say
from woshou.settings import FILE, Settings
from woshou.wiring import open_office

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help=say("数据目录，默认取 WOSHOU_DATA", "data folder; default WOSHOU_DATA"), show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help=say("以 JSON 输出", "print JSON"), show_default=False)]


class WhichCounty(Invalid):
    """The node serves several counties and none was named."""

    code = "which-county"
    zh = "本节点服务多个区县，请用 --jurisdiction 指定。"
    en = "This node serves several counties: name one with --jurisdiction."


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What every command is given."""

    data: Path | None
    json: bool

    @property
    def folder(self) -> Path:
        """The data folder that was named; NotInitialised if none was."""
        named = self.data or os.environ.get("WOSHOU_DATA")
        if not named:
            raise NotInitialised
        return Path(named).absolute()

    def settings(self) -> Settings:
        """The node's settings; NotInitialised, SettingsWrong."""
        if not (self.folder / FILE).exists():
            raise NotInitialised
        try:
            return Settings(data=self.folder)  # type: ignore[call-arg] # the others come from the environment and the file
        except (pydantic.ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise SettingsWrong(exc) from exc

    @contextmanager
    def office(self) -> Iterator[Office]:
        """The open node."""
        settings = self.settings()
        logging.configure("text", level="warning")
        with open_office(settings) as office:
            begin_trail(office)
            yield office

    def county(self, office: Office, named: str | None) -> str:
        """The county to work for: the named one, or the only one served; WhichCounty, NotServed."""
        served = office.node.jurisdictions
        if named is None:
            if len(served) > 1:
                raise WhichCounty
            return next(iter(served))
        if named not in served:
            raise NotServed
        told_in(named)
        return named

    def counties(self, office: Office, named: str | None) -> frozenset[str]:
        """The counties to look at: the named one, or all that are served."""
        return office.node.jurisdictions if named is None else frozenset({self.county(office, named)})

    def rows(self, rows: Sequence[Any], headers: Mapping[str, Header], *, title: str = "", **more: Any) -> None:
        """Print a listing; in JSON with all that the rows say."""
        if self.json:
            show.print_json({"items": list(rows), **more})
        else:
            show.print_table([show.members(row) for row in rows], headers, title=title)

    def card(self, value: Any, headers: Mapping[str, Header]) -> None:
        """Print one thing; in JSON with all that it says."""
        if self.json:
            show.print_json(value)
        else:
            show.print_card(show.members(value), headers)

    @contextmanager
    def at_once(self, *values: Any) -> Iterator[None]:
        """All that is shown until the block ends, told in one row of the audit before it is."""
        before_showing(*values)
        with leaving(None):
            yield

    def done(self, value: Mapping[str, Any], zh: str, en: str) -> None:
        """Say that it is done; in JSON, what came of it."""
        if self.json:
            show.print_json(value)
        else:
            show.console().print(say(zh, en))

    def told(self) -> None:
        """Leave a row in the audit for what changes nothing in the books, or reads the audit itself."""
        with self.office():
            leave_row()

    def note(self, zh: str, en: str) -> None:
        """Tell something beside the result, on stderr."""
        show.console(stderr=True).print(say(zh, en))

    @contextmanager
    def progress(self, zh: str, en: str) -> Iterator[None]:
        """A bar on stderr for what may take more than a second."""
        with show.progress() as bar:
            bar.add_task(say(zh, en), total=None)
            yield

    @contextmanager
    def steps(self, zh: str, en: str) -> Iterator[Callable[[int, int], None]]:
        """The same, for work that tells how many of how many steps are done."""
        with show.progress() as bar:
            task = bar.add_task(say(zh, en), total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)


def command(group: typer.Typer, name: str, *, zh: str, en: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function whose first parameter is the call a command, with `--data` and `--json` like every other."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        _, *own = signature.parameters.values()

        @functools.wraps(function)
        def run(**given: Any) -> None:
            call = Call(data=given.pop("data"), json=given.pop("json"))
            context: typer.Context = given.pop("context")
            with Ending(as_json=call.json), commanding(context, given):
                function(call, **given)

        common = [
            inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
            inspect.Parameter("data", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=DataOption),
            inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=JsonOption),
        ]
        named = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        # typer reads the signature and the annotations, and would follow __wrapped__ past them.
        del run.__wrapped__
        run.__dict__["__signature__"] = signature.replace(parameters=[*named, *common])
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*named, *common)}
        group.command(name, help=say(zh, en))(run)
        return function

    return register


class Group(TyperGroup):
    """A group whose usage errors repeat nothing of what was given, and are JSON as well where the words ask for it."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the words of the command line."""
        words = sys.argv[1:] if args is None else args
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode, windows_expand_args, **extra)
        try:
            # As a whole program it would print its own frame around the error.
            sys.exit(super().main(args, prog_name, complete_var, False, windows_expand_args, **extra))
        except typer.TyperException as exc:
            if "--json" in words:
                zh, en = told_of(exc)
                print_error("usage", Retry.CORRECTED, f"用法错误：{zh}", f"Wrong usage: {en}")
            else:
                show_usage(exc)
            sys.exit(exc.exit_code)
        except typer.Abort:
            if "--json" not in words:
                rich_utils.rich_abort_error()
            sys.exit(Exit.REFUSED)


def group(zh: str, en: str, *, kind: type[Group] = Group) -> typer.Typer:
    """A group of commands; without a command it prints its help, unless its kind does otherwise."""
    return typer.Typer(cls=kind, help=say(zh, en), no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)
