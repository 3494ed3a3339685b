"""``xenfusa record-run``: real commands in a real git tree, what is noted of them, and what is refused."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from sphinx_xenfusa.evidence import recording
from sphinx_xenfusa.evidence.test_run_file import RunFile, read_run
from sphinx_xenfusa.inputs import InputError

XENFUSA = [sys.executable, "-m", "sphinx_xenfusa.cli", "record-run"]
TESTS = "def test_a():\n    print('streamed')\n\n\ndef test_b():\n    assert OK\n"
PYTEST = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--junitxml=out/r.xml"]
WRITE = "from pathlib import Path; import sys; Path('r.xml').write_text('<testsuites/>'); sys.exit({0})"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git tree with a commit, the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "CI_COMMIT_SHA"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "test_it.py").write_text(f"OK = True\n\n\n{TESTS}")
    git("init", "-q")
    commit()
    return tmp_path


def git(*words: str) -> str:
    """Run git in the current folder."""
    who = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-c", "commit.gpgsign=false", *words]
    return subprocess.run(command, env=os.environ | who, capture_output=True, text=True, check=True).stdout.strip()


def commit() -> str:
    """Commit all files."""
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    return git("rev-parse", "HEAD")


def record(command: Sequence[str], *options: str, report: str = "r.xml", **more: str) -> CompletedProcess[str]:
    """Record a command."""
    words = [*XENFUSA, "--report", report, *options, "--", *command]
    return subprocess.run(words, env=os.environ | more, capture_output=True, text=True, check=False)


def python(code: str) -> list[str]:
    """A command that runs some Python."""
    return [sys.executable, "-c", code]


def read(name: str = "test-run.yaml") -> RunFile:
    """The side file."""
    return read_run(Path(name), name)


# --- what is noted ----------------------------------------------------------------------------------------------------


def test_a_run_of_pytest_is_recorded(tree: Path) -> None:
    done = record(PYTEST, "--target", "qemu", "--out", "runs/unit.yaml", report="out/*.xml")
    assert (done.returncode, "streamed" in done.stdout) == (0, True), done.stderr
    run = read("runs/unit.yaml")
    (report,) = run.reports
    assert report.file == "../out/r.xml"
    assert report.sha256 == hashlib.sha256(Path("out/r.xml").read_bytes()).hexdigest()
    assert (run.name, run.commit, run.dirty, run.exit_code) == ("unit", git("rev-parse", "HEAD"), False, 0)
    assert (run.target, run.interrupted) == ("qemu", False)
    assert run.tools == {"pytest": pytest.__version__, "python": ".".join(map(str, sys.version_info[:3]))}
    assert run.command[1:4] == ("-m", "pytest", "-q")
    assert run.started <= run.ended


def test_a_failed_test_gives_1_and_is_recorded_with_the_code_of_pytest(tree: Path) -> None:
    Path("test_it.py").write_text(f"OK = False\n\n\n{TESTS}")
    done = record(PYTEST, report="out/r.xml")
    assert done.returncode == 1
    assert "the command ended with 1" in done.stderr
    assert (read().exit_code, read().dirty) == (1, True)


def test_every_other_code_of_the_command_is_a_finding_too(tree: Path) -> None:
    assert record(python(WRITE.format(77))).returncode == 1
    assert read().exit_code == 77


def test_the_same_run_gives_the_same_text_but_for_its_times(tree: Path) -> None:
    def text() -> list[str]:
        assert record(python(WRITE.format(0))).returncode == 0
        return [line for line in Path("test-run.yaml").read_text().splitlines() if "ed: '" not in line]

    assert text() == text()


def test_reports_that_git_tracks_do_not_make_the_tree_dirty(tree: Path) -> None:
    Path("r.xml").write_text("<old/>")
    commit()
    record(python(WRITE.format(0)))
    assert read().dirty is False


def test_a_commit_that_is_made_while_the_tests_run_leaves_it_unknown(tree: Path) -> None:
    more = "import subprocess; subprocess.run(['git', '-c', 'user.name=t', '-c', 'user.email=t', 'commit', '-q', "
    done = record(python(f"{more}'--allow-empty', '-m', 'x'], check=True); {WRITE.format(0)}"))
    assert read().commit == ""
    assert "the commit is unknown: it was" in done.stderr


def test_without_git_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = record(python(WRITE.format(0)))
    assert (done.returncode, read().commit, read().dirty) == (0, "", None)
    assert "the commit is unknown: this is no git tree" in done.stderr
    assert "commit: unknown" in Path("test-run.yaml").read_text()


def test_the_tree_of_what_is_tested_can_be_another_one(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    here, tested = Path.cwd(), git("rev-parse", "HEAD")
    os.chdir(elsewhere)
    record(python(WRITE.format(0)), "--repository", str(here))
    assert read().commit == tested


def test_nothing_secret_and_no_path_of_the_machine_is_noted(tree: Path) -> None:
    words = [
        "--token=hush1",
        "--password",
        "hush2",
        "API_KEY=hush3",
        "https://u:hush4@host/x",
        "/home/me/secret-project/x",
    ]
    done = record(
        [*python(WRITE.format(0)), *words], MY_TOKEN="hush5", CI="hush6:x", PYTEST_ADDOPTS="--db-password=hush7"
    )
    assert done.returncode == 0, done.stderr
    text = Path("test-run.yaml").read_text()
    assert [secret for secret in ("hush1", "hush2", "hush3", "hush4", "hush5", "hush7") if secret in text] == []
    assert str(tree) not in text
    assert "/home/me" not in text
    assert read().environment["CI"] == "hush6:x"
    assert set(read().environment) <= {"system", "machine", *recording.VARIABLES}


def test_a_tool_is_asked_for_its_version(tree: Path) -> None:
    tool = f"qemu={sys.executable} -c 'print(\"qemu version 9.2\")'"
    record(python(WRITE.format(0)), "--tool", tool)
    assert read().tools["qemu"] == "version 9.2"


def test_the_fingerprints_of_a_record_are_noted(tree: Path) -> None:
    (tree / "docs").mkdir()
    (tree / "docs" / "conf.py").write_text('extensions = ["sphinx_xenfusa"]\nxenfusa_confirm = "off"\n')
    text = "P\n=\n\n.. xen:req:: A title\n   :id: XenArch~a~1\n   :kind: rule\n\n   Xen shall.\n"
    (tree / "docs" / "index.rst").write_text(text)
    subprocess.run([sys.executable, "-m", "sphinx", "-q", "-b", "html", "docs", "html"], check=True)
    assert record(python(WRITE.format(0)), "--record", "html/xenfusa/trace.json").returncode == 0
    fingerprints = read().fingerprints
    assert fingerprints is not None
    assert {tag: len(digest) for tag, digest in fingerprints.items()} == {"XenArch~a~1": 64}


# --- what is refused --------------------------------------------------------------------------------------------------


def test_a_report_that_the_run_left_alone_is_left_out(tree: Path) -> None:
    Path("old.xml").write_text("<old/>")
    done = record(python(WRITE.format(0)), report="*.xml")
    assert done.returncode == 2
    assert "old.xml: found a report that the run did not write; it is left out: delete it before the run" in done.stderr
    assert [one.file for one in read().reports] == ["r.xml"]


def test_a_report_that_was_written_again_with_the_same_bytes_is_of_the_run(tree: Path) -> None:
    Path("r.xml").write_text("<testsuites/>")
    assert record(python(WRITE.format(0))).returncode == 0


def test_a_run_without_a_report_leaves_no_side_file(tree: Path) -> None:
    done = record(python("pass"))
    assert done.returncode == 2
    assert "found no report that matches 'r.xml' after the run" in done.stderr
    assert not Path("test-run.yaml").exists()


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        (
            ["no-such-program"],
            [],
            "found the command 'no-such-program', which cannot be run (No such file or directory)",
        ),
        (python(WRITE.format(0)), ["--tool", "qemu"], "expected NAME=COMMAND"),
        (python(WRITE.format(0)), ["--tool", "qemu=no-such-program -V"], "which cannot be run"),
        (python(WRITE.format(0)), ["--tool", "qemu=false"], "which ended with 1 and said nothing"),
        (python(WRITE.format(0)), ["--record", "no.json"], "no.json: found no such file"),
        (python(WRITE.format(0)), ["--report", ""], "expected a pattern of files"),
        (python(WRITE.format(0)), ["--out", "test_it.py"], "found a file that is no side file of a test run"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    tree: Path, command: list[str], options: list[str], said: str
) -> None:
    done = record(command, *options)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert said in line
    assert not Path("r.xml").exists()


def test_a_file_of_somebody_else_is_not_replaced(tree: Path) -> None:
    Path("notes.yaml").write_text("a: b\n")
    assert record(python(WRITE.format(0)), "--out", "notes.yaml").returncode == 2
    assert Path("notes.yaml").read_text() == "a: b\n"


def test_at_least_one_report_has_to_be_named(tree: Path) -> None:
    done = subprocess.run([*XENFUSA, "--", "true"], capture_output=True, text=True, check=False)
    assert (done.returncode, "Missing option '--report'" in done.stderr) == (2, True)


# --- interrupted ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_recorded_as_such_and_gives_3(tree: Path, number: signal.Signals) -> None:
    code = "from pathlib import Path; import time; Path('r.xml').write_text('<testsuites/>'); time.sleep(60)"
    words = [*XENFUSA, "--report", "r.xml", "--", *python(code)]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not Path("r.xml").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        running.send_signal(number)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 3
    assert "the command was ended before it was done" in said
    assert read().interrupted
    assert read().exit_code in (1, 128 + number)  # Python ends by itself on an interrupt


def test_a_command_that_a_signal_ends_gives_3(tree: Path) -> None:
    done = record(python("import os; from pathlib import Path; Path('r.xml').write_text('x'); os.kill(os.getpid(), 9)"))
    assert (done.returncode, read().exit_code, read().interrupted) == (3, 137, True)


# --- side files -------------------------------------------------------------------------------------------------------

GOOD = "version: 1\nreports:\n- file: r.xml\n  sha256: " + "a" * 64 + "\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "nothing but blanks and comments"),
        ("version: 1\n", 1, "no key 'reports'"),
        (GOOD.replace("version: 1", "version: 2"), 1, "expected the number 1"),
        (GOOD + "comit: abcdef1\n", 5, "did you mean commit?"),
        (GOOD + "commit: 1234567\n", 5, "the number 1234567"),
        (GOOD + "commit: v4.20\n", 5, "expected a commit: 7 to 64"),
        (GOOD + "started: 2026-11-22T10:00:00\n", 5, "without a zone"),
        (GOOD + "started: noon\n", 5, "found the time 'noon'"),
        (GOOD + "started: 2026-11-22T10:00:00Z\nended: 2026-11-22T09:00:00Z\n", 6, "before the beginning"),
        (GOOD + "tools:\n  qemu: 9.2\n", 6, "the number 9.2"),
        (GOOD.replace("r.xml", "/etc/passwd"), 3, "the absolute path"),
        (GOOD.replace("r.xml", "C:\\r.xml"), 3, "the absolute path"),
        (GOOD + "- file: r.xml\n  sha256: " + "a" * 64 + "\n", 5, "again (first on line 3)"),
        (GOOD.replace("a" * 64, "A" * 64), 4, "expected a SHA-256"),
        (GOOD + "items: |\n  XenArch~a~1 abc\n", 6, "expected on each line a tag"),
        (GOOD + "command: !!python/object:os.system [ls]\n", 5, "the tag"),
    ],
)
def test_a_side_file_that_is_none_has_one_error_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_run(path, "run.yaml")
    assert (raised.value.line, said in str(raised.value)) == (line, True), str(raised.value)
