"""``xenfusa completion``: the script with which a shell completes the command."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes commands, options, claims, policies, templates and formats.

    \b
    bash (4.4 or later):  eval "$(xenfusa completion bash)" in ~/.bashrc
    zsh:                  eval "$(xenfusa completion zsh)" in ~/.zshrc
    fish:                 xenfusa completion fish > ~/.config/fish/completions/xenfusa.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # click has all three
    click.echo(kind(ctx.find_root().command, {}, "xenfusa", "_XENFUSA_COMPLETE").source())
