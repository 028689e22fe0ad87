"""What stays of a demonstration that ended."""

from pathlib import Path

import pytest

from woshou.demo.nodes import DemoFailed
from woshou.demo.story import _folder


def _ended_by(ending: BaseException | None, seen: list[Path]) -> None:
    with _folder(None) as folder:
        seen.append(folder)
        (folder / "serve.log").write_text("why")
        if ending is not None:
            raise ending


def test_the_logs_stay_when_it_failed_and_the_failure_says_where():
    seen = list[Path]()
    with pytest.raises(DemoFailed, match=r"xicheng\.demo does not answer .*") as failed:
        _ended_by(DemoFailed("xicheng.demo does not answer"), seen)
    (folder,) = seen
    assert str(folder) in str(failed.value)
    (folder / "serve.log").unlink()
    folder.rmdir()


def test_nothing_stays_when_it_ended_well_or_was_stopped():
    seen = list[Path]()
    _ended_by(None, seen)
    with pytest.raises(KeyboardInterrupt):
        _ended_by(KeyboardInterrupt(), seen)
    assert [each.exists() for each in seen] == [False, False]
