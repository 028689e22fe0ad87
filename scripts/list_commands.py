"""List every command with its options in docs/cli.md, and every setting in docs/settings.md, in both languages.

Run `python -m scripts.list_commands` after a change of either; a test compares.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic_core import PydanticUndefined

from scripts.generated import ROOT, fill
from woshou.__main__ import whole
from woshou.settings import Settings

WORDS = ROOT / "api" / "pages" / "watching" / "commands.txt"
_BRACKETS = re.compile(r" ?[(（][^)）]*[)）]")
CLI, COMMANDS = "docs/cli.md", "commands"
SETTINGS_PAGE, SETTINGS = "docs/settings.md", "settings"
# These stand once at the top of the page, for every command has them.
COMMON = ("--data", "--json", "--help")


def commands() -> list[dict[str, Any]]:
    """Every command of the program as its locale has it: path, help, and its parameters."""
    return [_told(path, command) for path, command in _walk(typer.main.get_command(whole()), ("woshou",))]


def command_list() -> str:
    """Every command with its arguments and options, Chinese and English."""
    parts = []
    for zh, en in zip(_dumped("zh_CN.UTF-8"), _dumped("C.UTF-8"), strict=True):
        lines = [f"### `{zh['path']}`", "", f"{zh['help']} · {en['help']}"]
        if zh["parameters"]:
            lines += ["", "| | 说明 | |", "|---|---|---|"]
            lines += [_row(one, other) for one, other in zip(zh["parameters"], en["parameters"], strict=True)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def command_words() -> str:
    """Every command by what its help says, without what stands in brackets: in these words the audit's page tells of it."""
    pairs = zip(_dumped("zh_CN.UTF-8"), _dumped("C.UTF-8"), strict=True)
    told = [
        (zh["path"].removeprefix("woshou "), *(_BRACKETS.sub("", each["help"]).strip() for each in (zh, en))) for zh, en in pairs
    ]
    return "".join(" | ".join(line) + "\n" for line in told)


def settings_list() -> str:
    """Every setting: its name in the file, its variable, its default, and what it is for."""
    lines = ["| woshou.toml | 环境变量 variable | 默认 default | 说明 |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "（必填 required）" if field.default is PydanticUndefined else f"`{json.dumps(field.default)}`"
        told = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{name}` | `WOSHOU_{name.upper()}` | {default} | {told} |")
    return "\n".join(lines)


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(path), command
        return
    for name, each in below.items():
        yield from _walk(each, (*path, name))


def _told(path: str, command: Any) -> dict[str, Any]:
    own = [parameter for parameter in command.params if not set(COMMON) & set(parameter.opts)]
    return {"path": path, "help": command.help, "parameters": [_parameter(parameter) for parameter in own]}


def _parameter(parameter: Any) -> dict[str, Any]:
    default = parameter.default
    return {
        "names": [*parameter.opts, *parameter.secondary_opts],
        "argument": not parameter.opts[0].startswith("-"),
        "help": parameter.help,
        "required": parameter.required,
        "choices": _choices(parameter.type_descriptor.annotation),
        "default": None if default in (None, False, "", []) else str(getattr(default, "value", default)),
    }


def _choices(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def _row(zh: dict[str, Any], en: dict[str, Any]) -> str:
    name = zh["names"][0].upper() if zh["argument"] else " / ".join(zh["names"])
    told = f"{zh['help']} · {en['help']}"
    if zh["choices"]:
        told += f"：{'、'.join(f'`{choice}`' for choice in zh['choices'])}"
    standing = "必填 required" if zh["required"] else f"默认 default `{zh['default']}`" if zh["default"] else ""
    return f"| `{name}` | {told} | {standing} |"


def _dumped(locale: str) -> list[dict[str, Any]]:
    """The commands in one language: it is settled when the program starts, hence another process."""
    environment = {**os.environ, "LC_ALL": locale}
    done = subprocess.run(
        [sys.executable, "-m", "scripts.list_commands", "--dump"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def main() -> None:
    """Write both pages and the words, or dump the commands in this process's language."""
    if "--dump" in sys.argv:
        json.dump(commands(), sys.stdout, ensure_ascii=False)
        return
    fill(CLI, COMMANDS, command_list())
    fill(SETTINGS_PAGE, SETTINGS, settings_list())
    WORDS.write_text(command_words(), "utf-8")


if __name__ == "__main__":
    main()
