"""Children of the one-machine run, and what its command line says of the video."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import processes
from sandbox.__main__ import parse
from sandbox.configuration import Options, SandboxError
from sandbox.processes import Child, check_machine
from sandbox.video import check_tables


def child(tmp_path: Path, code: str) -> Child:
    return Child(["-c", code], dict(os.environ), tmp_path / "child.log")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_a_child_says_when_it_is_up_and_is_gone_after_stop(tmp_path: Path) -> None:
    one = child(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    one.start()
    pid = int(one.first_line("the child"))
    assert is_running(pid)
    one.stop()
    assert not is_running(pid)
    one.stop()


def test_one_that_does_not_listen_to_reason_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_STOP_SECONDS", 0.2)
    deaf = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    one = child(tmp_path, f"{deaf}; print(os.getpid(), flush=True); time.sleep(60)")
    one.start()
    pid = int(one.first_line("the child"))
    one.stop()
    assert not is_running(pid)


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        ("import sys; sys.exit('no such thing')", 10),
        ("import time; time.sleep(60)", 0.2),
    ],
)
def test_a_child_that_does_not_come_up_is_named_with_its_log(
    tmp_path: Path, code: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_START_SECONDS", seconds)
    one = child(tmp_path, code)
    one.start()
    with pytest.raises(SandboxError, match=r"the child did not start; its log is .*child\.log"):
        one.first_line("the child")
    one.stop()


def test_a_child_that_was_killed_is_started_anew_and_still_ends_with_the_run(
    tmp_path: Path,
) -> None:
    one = child(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    one.start()
    first = int(one.first_line("the child"))
    file = tmp_path / "child.pid"
    assert int(file.read_text()) == first
    one.start_anew_when_it_ends()
    os.kill(first, signal.SIGKILL)
    second = eventually(lambda: (found := int(file.read_text() or 0)) != first and found)
    one.stop()
    assert not is_running(second)


def test_a_child_that_ends_at_once_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = child(tmp_path, f"open({str(tmp_path / 'runs')!r}, 'a').write('x')")
    one.start()
    one.start_anew_when_it_ends()
    said = eventually(lambda: capsys.readouterr().err)
    assert said == f"a process ends again and again; its log is {tmp_path / 'child.log'}\n"
    eventually(lambda: len((tmp_path / "runs").read_text()) == 6)
    one.stop()


def test_video_is_only_there_when_it_is_asked_for() -> None:
    assert parse([]).video_tables == ()
    assert parse(["--video-tables"]).video_tables == ()
    assert parse(["--video-tables", "bac-1", "bac-5"]).video_tables == ("bac-1", "bac-5")


def test_a_table_that_cannot_be_filmed_is_named() -> None:
    check_tables(("bac-1", "bac-5"))
    with pytest.raises(SandboxError, match="no table bac-9 to film: VIDEO_TABLES may name bac-1"):
        check_tables(("bac-1", "bac-9"))


def test_a_port_of_the_video_that_is_taken_is_named_when_there_is_video() -> None:
    with socket.socket() as taken, socket.socket() as one, socket.socket() as other:
        for each in (taken, one, other):
            each.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        free = [each.getsockname()[1] for each in (one, other)]
        one.close()
        other.close()
        check_machine(Options(*free, 1, 1, video_port=port))
        with pytest.raises(SandboxError, match=f"port {port} is in use.*VIDEO_PORT={port + 100}"):
            check_machine(Options(*free, 1, 1, video_tables=("bac-1",), video_port=port))
