"""The whole way, with nothing faked: a guard taken out of the model by hand turns what depends on it red, and the exit code."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

import sphinx_xenfusa
from sphinx_xenfusa.confirm.registry import GROUP

PACKAGE = Path(sphinx_xenfusa.__file__).parent
CHAPTERS = ("roles", "privileges")
STATEMENTS = Path(__file__).resolve().parents[2] / "docs/fusa/arch_specs"


DISTRIBUTION = distribution("sphinx-xenfusa")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Our own statements, and a copy of the package that wins over the installed one.

    It offers the claims of the two chapters that are shown: those of other chapters take minutes, and no page asks for them.
    """
    if not STATEMENTS.is_dir():
        pytest.skip("the project's own docs are not beside the tests")
    shutil.copytree(PACKAGE, tmp_path / "lib/sphinx_xenfusa", ignore=shutil.ignore_patterns("__pycache__"))
    info = tmp_path / f"lib/sphinx_xenfusa-{DISTRIBUTION.version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(DISTRIBUTION.read_text("METADATA") or "", "utf-8")
    offered = [one for one in DISTRIBUTION.entry_points if one.group == GROUP and one.name in CHAPTERS]
    lines = [f"[{GROUP}]", *(f"{one.name} = {one.value}" for one in offered)]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    docs = tmp_path / "docs"
    docs.mkdir()
    for name in CHAPTERS:
        text = (STATEMENTS / f"{name}.rst").read_text("utf-8")
        (docs / f"{name}.rst").write_text(text.replace(":term:`FFI`", "FFI"), "utf-8")
    (docs / "index.rst").write_text(
        "Index\n=====\n\n.. toctree::\n\n   roles\n   privileges\n\n.. xen:matrix::\n", "utf-8"
    )
    (docs / "conf.py").write_text('extensions = ["sphinx_xenfusa"]\nhtml_theme = "basic"\n', "utf-8")
    return tmp_path


def run(project: Path) -> tuple[int, str]:
    """The exit code and the warnings of a build with the copied package."""
    environment = os.environ | {"PYTHONPATH": str(project / "lib"), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", "out"]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.cold
def test_the_control_check_removed(project: Path) -> None:
    decision = project / "lib/sphinx_xenfusa/model/decision.py"
    text = decision.read_text("utf-8")
    guard = "    return relation.control\n"
    assert text.count(guard) == 2, "Xen's own, and the proposed series"
    decision.write_text(text.replace(guard, "    return True\n", 1), "utf-8")
    code, warnings = run(project)
    assert code == 1, warnings
    told = {
        line.split(": the claim ")[0].rsplit(" ", 1)[-1] for line in warnings.splitlines() if ": the claim " in line
    }
    # What only Xen's default policy decides, and every statement that something is denied or left to the Control Domain.
    denied = {
        "domu_unprivileged", "domu_affects_itself_only", "hwdom_unprivileged", "full_privileges_exclusive",
        "unprivileged_no_foreign_map", "ctrldom_optional", "ctrldom_reboot_domains", "ctrldom_reboot_platform",
        "ctrldom_suspend_resume", "ctrldom_pause_unpause", "ctrldom_shutdown_platform", "no_virtio_no_restriction",
        "example_platform", "hwdom_virtio_privileges", "unprivileged", "virtio_privileges", "virtio_privileges_needed",
        "virtio_privileges_removable", "virtio_privileges_scoped",
    }  # fmt: skip
    assert told == {f"XenArch~{name}~1" for name in denied}
    page = (project / "out/index.html").read_text("utf-8").replace("<wbr />", "")
    red = {
        row.split("~")[1] for row in page.split('<span class="pre">XenArch')[1:] if "✗ failed" in row.split("</tr>")[0]
    }
    assert red == denied
    assert "[xenfusa.unexpected_divergence]" in warnings
