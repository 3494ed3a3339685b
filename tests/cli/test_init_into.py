"""``xenfusa init --into``: an existing project gets the extension, is shown the change first, and keeps everything else."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sphinx_xenfusa.cli import main

XEN = Path(__file__).parents[3] / "shared" / "data" / "xen-docs-fusa"
CONF = "# Xen's settings\nproject = u'Xen'\nextensions = []\nprimary_domain = 'c'\n"


def into(*words: str | Path, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["init", "--into", *map(str, words)], input=answer, prog_name="xenfusa")


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "conf.py"
    path.write_text(CONF)
    return path


def test_the_change_is_shown_as_a_diff_that_patch_takes(conf: Path) -> None:
    done = into(conf.parent, "--dry-run")
    assert done.exit_code == 0
    assert conf.read_text() == CONF
    patch = ["patch", "--quiet", "-p0", str(conf)]
    subprocess.run(patch, input=done.stdout, text=True, check=True)
    patched = conf.read_text()
    conf.write_text(CONF)
    assert into(conf.parent, "--yes").exit_code == 0
    assert conf.read_text() == patched == CONF.replace("[]", '["sphinx_xenfusa"]')


@pytest.mark.parametrize(
    ("answer", "code", "changed", "says"),
    [("y\n", 0, True, ""), ("n\n", 0, False, "nothing was changed"), ("", 2, False, "--yes changes it")],
)
def test_it_asks(conf: Path, answer: str, code: int, changed: bool, says: str) -> None:
    done = into(conf.parent, answer=answer)
    assert done.exit_code == code
    assert (conf.read_text() != CONF) == changed
    assert '+extensions = ["sphinx_xenfusa"]' in done.stdout
    assert says in done.stderr


def test_a_second_time_changes_nothing(conf: Path) -> None:
    into(conf.parent, "--yes")
    once = conf.read_bytes()
    done = into(conf.parent, "--yes")
    assert (done.exit_code, conf.read_bytes()) == (0, once)
    assert "has sphinx_xenfusa already; nothing to change" in done.stdout


def test_mode_mark_and_line_ends_stay(conf: Path) -> None:
    conf.write_bytes(b"\xef\xbb\xbf" + CONF.replace("\n", "\r\n").encode())
    conf.chmod(0o640)
    assert into(conf.parent, "--yes").exit_code == 0
    expected = CONF.replace("[]", '["sphinx_xenfusa"]').replace("\n", "\r\n").encode()
    assert conf.read_bytes() == b"\xef\xbb\xbf" + expected
    assert stat.S_IMODE(conf.stat().st_mode) == 0o640


def test_a_link_stays_a_link(conf: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "conf.py").symlink_to("../conf.py")
    assert into(tmp_path / "docs", "--yes").exit_code == 0
    assert (tmp_path / "docs" / "conf.py").is_symlink()
    assert "sphinx_xenfusa" in conf.read_text()


def test_a_file_that_cannot_be_edited_is_told_with_the_line_to_add(conf: Path) -> None:
    conf.write_text("from base import extensions_of\nextensions = extensions_of('docs')\n")
    before = conf.read_bytes()
    done = into(conf.parent, "--yes")
    assert (done.exit_code, conf.read_bytes()) == (2, before)
    assert f"{conf}:2: found extensions that are computed" in done.stderr
    assert 'add this line by hand below it: extensions = [*extensions, "sphinx_xenfusa"]' in done.stderr


def test_a_folder_without_a_project_says_where_one_is(conf: Path, tmp_path: Path) -> None:
    (tmp_path / "tree" / "docs").mkdir(parents=True)
    shutil.copy(conf, tmp_path / "tree" / "docs")
    done = into(tmp_path / "tree")
    assert done.exit_code == 2
    assert f"found no conf.py; expected a folder that has one: xenfusa init --into {tmp_path}/tree/docs" in done.stderr
    assert "xenfusa init makes one" in into(tmp_path / "nowhere").stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--yes"],
        ["--dry-run"],
        ["--into", ".", "--yes", "--dry-run"],
        ["--into", ".", "docs"],
        ["--into", ".", "--template", "minimal"],
    ],
)
def test_what_belongs_together(words: list[str]) -> None:
    done = CliRunner().invoke(main, ["init", *words])
    assert done.exit_code == 2
    assert "--into DIR" in done.stderr


ITEM = "Title\n-----\n\n`XenMkt~a~1`\n\nDescription:\nXen shall.\n"


@pytest.mark.parametrize(
    ("files", "setting"),
    [
        (["a.rst"], '["a.rst"]'),
        (["reqs/market/a.rst"], '["reqs/market/**.rst"]'),
        (["reqs/market/a.rst", "reqs/b.rst"], '["reqs/**.rst"]'),
        (["reqs/a.rst", "design/b.rst", "c.rst"], '["c.rst", "design/**.rst", "reqs/**.rst"]'),
        # What stands in a name is no pattern and no Python: conf.py is run.
        (["old [4]/a.rst"], '["old [[]4]/**.rst"]'),
        (
            ["""a", *__import__("os").listdir(), "b\'s/a.rst"""],
            r"""['a", [*]__import__("os").listdir(), "b\'s/**.rst']""",
        ),
    ],
)
def test_documents_with_requirements_are_named(conf: Path, files: list[str], setting: str) -> None:
    for file in files:
        (conf.parent / file).parent.mkdir(parents=True, exist_ok=True)
        (conf.parent / file).write_text(ITEM)
    into(conf.parent, "--yes")
    assert conf.read_text().endswith(f"\nxenfusa_oft = {setting}\n")


def read_by_hand(folder: Path) -> dict[str, tuple[str, int, list[str], list[str]]]:
    """The items below a folder: file, line, what each covers and needs.  Three patterns; none of our readers."""
    found = {}
    for path in sorted(folder.rglob("*.rst")):
        lines = path.read_text("utf-8").splitlines()
        heads = [number for number, line in enumerate(lines) if re.fullmatch(r"`Xen\w+~\w+~\d+`", line)]
        for begin, end in itertools.pairwise([*heads, len(lines)]):
            body = lines[begin + 1 : end]
            covers = re.findall(r"^ ?- `(Xen\w+~\w+~\d+)`", "\n".join(body), re.MULTILINE)
            needs = re.findall(r"^ ?- (Xen\w+)$", "\n".join(body), re.MULTILINE)
            place = (path.relative_to(folder.parents[1]).as_posix(), begin + 1)
            found[lines[begin].strip("`")] = (*place, covers, needs)
    return found


@pytest.fixture(scope="module")
def xens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Xen's own requirements under Xen's settings, with the extension added by the command, built."""
    if not XEN.is_dir():
        pytest.skip(f"needs Xen's docs/fusa in {XEN}")
    docs = tmp_path_factory.mktemp("xen") / "docs"
    shutil.copytree(XEN, docs / "fusa")
    (docs / "conf.py").write_text(CONF + "highlight_language = 'none'\nhtml_theme = 'sphinx_rtd_theme'\n")
    (docs / "index.rst").write_text("Xen\n===\n\n.. toctree::\n\n   fusa/index\n")
    assert into(docs, "--yes").exit_code == 0
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", "-D", "xenfusa_confirm=off"]
    built = subprocess.run([*command, str(docs), str(docs / "out")], capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return docs


@pytest.mark.shared
def test_no_file_of_xen_is_edited(xens: Path) -> None:
    files = [path for path in XEN.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if path.read_bytes() != (xens / "fusa" / path.relative_to(XEN)).read_bytes()] == []


@pytest.mark.shared
def test_the_record_says_of_xen_what_stands_in_its_files(xens: Path) -> None:
    record: dict[str, Any] = json.loads((xens / "out" / "xenfusa" / "trace.json").read_text("utf-8"))
    by_hand = read_by_hand(xens / "fusa" / "reqs")
    assert len(by_hand) == 61
    items = {item["id"]: item for item in record["items"]}
    assert {
        tag: (item["source"]["file"], item["source"]["line"], item["covers"], item["needs"])
        for tag, item in items.items()
    } == by_hand
    covered_by = {tag: {other.split("~")[0] for other, one in by_hand.items() if tag in one[2]} for tag in by_hand}
    lacking = {tag for tag, one in by_hand.items() if not set(one[3]) <= covered_by[tag]}
    assert len(lacking) == 14
    above = {cover for tag in lacking for cover in by_hand[tag][2]}
    assert {tag for tag, item in items.items() if item["coverage"] != "covered"} == lacking | above
    assert {item["result"] for item in items.values()} == {"none"}
    assert record["findings"] == []


def test_a_conf_py_of_no_reasonable_size_is_one_error(conf: Path) -> None:
    conf.write_text("x = 1\n" * 200_000, "utf-8")
    done = into(conf.parent, "--yes")
    assert done.exit_code == 2
    assert "conf.py: found" in done.stderr
    assert conf.read_text("utf-8") == "x = 1\n" * 200_000
