"""Chinese or English: what the terminal's locale asks for, settled once when the program starts."""

import os
from collections.abc import Mapping
from typing import Literal

from typer import rich_utils

Language = Literal["zh", "en"]


def chosen_language(environment: Mapping[str, str]) -> Language:
    """Chinese where LC_ALL, LC_MESSAGES or LANG, the first that is set, begins with `zh`; else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "zh" if environment[name].lower().startswith("zh") else "en"
    return "en"


LANGUAGE: Language = chosen_language(os.environ)


def say(zh: str, en: str) -> str:
    """The one of the two that the locale asks for."""
    return zh if LANGUAGE == "zh" else en


def translate_frame() -> None:
    """Let the help's own headings speak the language of its texts."""
    rich_utils.ARGUMENTS_PANEL_TITLE = say("参数", "Arguments")
    rich_utils.OPTIONS_PANEL_TITLE = say("选项", "Options")
    rich_utils.COMMANDS_PANEL_TITLE = say("命令", "Commands")
    rich_utils.ERRORS_PANEL_TITLE = say("错误", "Error")
    rich_utils.DEFAULT_STRING = say("[默认：{}]", "[default: {}]")
    rich_utils.REQUIRED_LONG_STRING = say("[必填]", "[required]")
