"""How a command ends: its exit code, and what it says on the way out.

Refusals go to stderr, in the locale's language, or as one JSON document with `--json`. An error that nobody foresaw shows
where it happened but not what it says: that may quote a person.
"""

import json
import os
import sys
import tomllib
import traceback
from enum import IntEnum
from types import TracebackType

import pydantic
import typer

from adapters.database.faults import LoginDenied
from adapters.keys.errors import KeyringMissing
from exchange.errors import Conflict, NotAuthentic, PartnerTrouble, Retry, WoshouError
from exchange.ledger import LedgerBusy
from woshou.cli.words import say
from woshou.settings import FILE


class Exit(IntEnum):
    """Exit codes; docs/cli.md has the table."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    PARTNER = 3
    NOT_INITIALISED = 4
    INTERNAL = 5
    BUSY = 6
    UNSETTLED = 7
    AUDIT_BROKEN = 8
    UNPROTECTED = 9


class NotInitialised(Conflict):
    """No node in the data folder, or none was named."""

    code = "not-initialised"
    zh = "数据目录未初始化：请用 --data 或 WOSHOU_DATA 指定数据目录，或先运行 woshou init。"
    en = "There is no node in that data folder: name it with --data or WOSHOU_DATA, or run `woshou init` first."


class SettingsWrong(Conflict):
    """A setting that is missing or not valid, or a file of settings that is no TOML; which is told, its value is not."""

    code = "settings-wrong"

    def __init__(self, fault: pydantic.ValidationError | tomllib.TOMLDecodeError | UnicodeDecodeError) -> None:
        if isinstance(fault, pydantic.ValidationError):
            told = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors())
        else:
            told = f"{FILE}: {'not UTF-8' if isinstance(fault, UnicodeDecodeError) else fault}"
        super().__init__(zh=f"设置有误：{told}", en=f"The settings are not valid: {told}")


def exit_of(error: WoshouError) -> Exit:
    """The exit code of a refusal."""
    match error:
        case NotInitialised() | SettingsWrong() | KeyringMissing() | LoginDenied():
            return Exit.NOT_INITIALISED
        case LedgerBusy():
            return Exit.BUSY
        case PartnerTrouble() | NotAuthentic():
            return Exit.PARTNER
        case _:
            return Exit.REFUSED


def print_error(code: str, retry: Retry, zh: str, en: str, pointer: str | None = None) -> None:
    """The one JSON document on stderr with which a command ends that did not do its work."""
    told = {"code": code, "retry": retry.value, "zh": zh, "en": en, "pointer": pointer}
    print(json.dumps({"error": told}, ensure_ascii=False), file=sys.stderr)


def _flush() -> None:
    """Bring out what was printed while it can still be said whether anybody reads it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has seen enough, as `head` has. What is left goes nowhere, or Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Ending:
    """Turns whatever ends a command into its exit code."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def __enter__(self) -> None:
        """Begin the command."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None or isinstance(error, BrokenPipeError):
            _flush()
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(Exit.OK) from None
        if isinstance(error, WoshouError):
            self._say(error)
            raise typer.Exit(exit_of(error)) from None
        if isinstance(error, Exception) and not isinstance(error, typer.Exit | typer.Abort | typer.BadParameter):
            self._confess(error)
            raise typer.Exit(Exit.INTERNAL) from None

    def _say(self, error: WoshouError) -> None:
        if self._as_json:
            print_error(error.code, error.retry, error.zh, error.en, error.pointer)
            return
        where = f" ({error.pointer})" if error.pointer else ""
        print(f"{say('未能完成', 'Refused')} [{error.code}] {say(error.zh, error.en)}{where}", file=sys.stderr)

    def _confess(self, error: Exception) -> None:
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__} @ {place.name}:{place.lineno}"
        if self._as_json:
            print_error("internal", Retry.CONTACT, f"内部错误：{told}", f"Internal error: {told}")
            return
        print(f"{say('内部错误', 'Internal error')}: {told}", file=sys.stderr)
        print("".join(traceback.format_list(traceback.extract_tb(error.__traceback__))), file=sys.stderr)
