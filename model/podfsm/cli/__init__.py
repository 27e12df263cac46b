"""The command line: it parses arguments, calls one function of the package, and prints.

This module imports nothing, so that `podfsm.cli.output` is cheap for the modules that print through it.
"""

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `podfsm` with `arguments` (those of the process by default) and return the exit status."""
    from podfsm.cli.application import run

    return run(arguments)
