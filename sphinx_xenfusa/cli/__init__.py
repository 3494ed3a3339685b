"""Floor 5: the ``xenfusa`` command, which does without Sphinx what the build does, and shows it on the terminal."""

from __future__ import annotations

import io
import sys

import click

from sphinx_xenfusa import __version__
from sphinx_xenfusa.cli.on_demand import OnDemand
from sphinx_xenfusa.cli.teaching import taught

COMMANDS = {
    "accept": "sphinx_xenfusa.cli.suspects_command:accept_command",
    "adequacy": "sphinx_xenfusa.cli.adequacy_command:adequacy",
    "audit": "sphinx_xenfusa.cli.audit_command:audit",
    "baseline": "sphinx_xenfusa.cli.baseline_command:baseline_command",
    "check-platform": "sphinx_xenfusa.cli.check_platform_command:check_platform",
    "completion": "sphinx_xenfusa.cli.completion_command:completion_command",
    "confirm": "sphinx_xenfusa.cli.confirm_command:confirm",
    "diff": "sphinx_xenfusa.cli.diff_command:diff_command",
    "explore-platforms": "sphinx_xenfusa.cli.explore_platforms_command:explore_platforms",
    "doctor": "sphinx_xenfusa.cli.doctor_command:doctor_command",
    "explain": "sphinx_xenfusa.cli.explain_command:explain_command",
    "export": "sphinx_xenfusa.cli.export_command:export_command",
    "init": "sphinx_xenfusa.cli.init_command:init_command",
    "model": "sphinx_xenfusa.cli.model_command:model_command",
    "overlay": "sphinx_xenfusa.cli.overlay_command:overlay_command",
    "record-run": "sphinx_xenfusa.cli.record_run_command:record_run_command",
    "suspects": "sphinx_xenfusa.cli.suspects_command:suspects_command",
    "trace": "sphinx_xenfusa.cli.trace_command:trace",
}
"""The commands, and where each is; one that is not asked for is not imported."""


@click.group(commands=OnDemand(COMMANDS, taught), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Requirements of the Xen hypervisor's functional-safety documents: what they lack, what confirms them, what changed.

    Each command answers the question beside its name; 'xenfusa COMMAND --help' has examples that can be copied.

    Exit codes of every command: 0 all good; 1 a finding (a claim refuted, a platform not compatible, a requirement that lacks
    something, or a dead link); 2 wrong usage or unreadable input; 3 no answer (not run, inconclusive, cannot tell).
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character must not cost the verdicts.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
