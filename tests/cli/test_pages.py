"""Every command, option and setting has its line in the docs."""

import pytest

from scripts.generated import ROOT, filled
from scripts.list_commands import (
    CLI,
    COMMANDS,
    SETTINGS,
    SETTINGS_PAGE,
    WORDS,
    command_list,
    command_words,
    commands,
    settings_list,
)
from woshou.cli.exits import Exit
from woshou.settings import Settings


@pytest.mark.parametrize(("page", "part", "made"), [(CLI, COMMANDS, command_list), (SETTINGS_PAGE, SETTINGS, settings_list)])
def test_the_pages_list_what_there_is(page, part, made):
    text = (ROOT / page).read_text("utf-8")
    assert filled(text, part, made()) == text, "run: python -m scripts.list_commands"


def test_the_audit_page_has_words_for_every_command():
    assert WORDS.read_text("utf-8") == command_words(), "run: python -m scripts.list_commands"
    assert "account create | 建立账号 | Make an account\n" in WORDS.read_text("utf-8")


def test_every_command_and_option_is_explained():
    page = (ROOT / CLI).read_text("utf-8")
    for command in commands():
        assert f"### `{command['path']}`" in page
        for parameter in command["parameters"]:
            assert parameter["help"], f"{command['path']} {parameter['names']}"


def test_every_setting_is_explained():
    page = (ROOT / SETTINGS_PAGE).read_text("utf-8")
    for name, field in Settings.model_fields.items():
        assert f"`WOSHOU_{name.upper()}`" in page
        assert field.description


def test_every_exit_code_is_explained():
    page = (ROOT / CLI).read_text("utf-8")
    for code in Exit:
        assert f"| {code.value} |" in page
