"""What stays of a demonstration that ended."""

from pathlib import Path

import pytest

from woshou.demo.nodes import DemoFailed
from woshou.demo.story import _folder


def test_the_logs_stay_when_it_failed_and_the_failure_says_where():
    with pytest.raises(DemoFailed) as failed, _folder(None) as folder:
        (folder / "serve.log").write_text("why")
        raise DemoFailed("xicheng.demo does not answer")
    assert (folder / "serve.log").read_text() == "why"
    assert str(folder) in str(failed.value)
    (folder / "serve.log").unlink()
    folder.rmdir()


def test_nothing_stays_when_it_ended_well_or_was_stopped():
    seen = list[Path]()
    with _folder(None) as folder:
        seen.append(folder)
    with pytest.raises(KeyboardInterrupt), _folder(None) as folder:
        seen.append(folder)
        raise KeyboardInterrupt
    assert not any(each.exists() for each in seen)
