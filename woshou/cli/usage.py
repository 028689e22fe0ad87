"""What is said of words that are no command: never the words themselves, which may be somebody's name or number."""

from enum import Enum
from typing import Any

from typer import TyperException, rich_utils
from typer._click import exceptions

from woshou.cli.words import say

Told = tuple[str, str]


def told_of(fault: TyperException) -> Told:
    """What is wrong with a usage, in Chinese and in English; names of options and what these take are ours to repeat."""
    match fault:
        case exceptions.NoArgsIsHelpError() | exceptions.MissingParameter():
            told = fault.format_message()
            return told, told
        case exceptions.BadParameter(param=None):
            # A command's own words.
            return fault.message, fault.message
        case exceptions.BadParameter(param=param) if param is not None:
            name, (zh, en) = param.get_error_hint(), _taken_by(param.type_descriptor.annotation)
            return f"{name} 的值无效：{zh}", f"invalid value for {name}: {en}"
        case exceptions.NoSuchOption(possibilities=[*near]) if near:
            listed = ", ".join(sorted(near))
            return f"没有该选项；可能是 {listed}", f"no such option; perhaps {listed}"
        case exceptions.NoSuchOption():
            return "没有该选项", "no such option"
        case exceptions.BadOptionUsage():
            return "选项缺少值，或不带值", "an option lacks its value, or takes none"
        case _:
            return "没有该命令，或参数过多", "no such command, or more arguments than it takes"


def show_usage(fault: TyperException) -> None:
    """Say it on the screen, with the command's usage."""
    if isinstance(fault, exceptions.NoArgsIsHelpError):
        return
    told = exceptions.UsageError(say(*told_of(fault)), getattr(fault, "ctx", None))
    rich_utils.rich_format_error(told)


def _taken_by(kind: Any) -> Told:
    """What an option or an argument of a type takes: its words, if these are counted."""
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return "见 --help", "see --help"
    listed = ", ".join(str(each.value) for each in kind)
    return f"应为 {listed} 之一", f"one of {listed}"
