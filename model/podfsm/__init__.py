"""The Kubernetes pod lifecycle as declarative tables: loaded, explored, proved, drawn, documented and generated.

Everything that is known about pods is written in ``podfsm/tables/*.yaml``, each row with its reason and the Kubernetes
function that it was taken from. The Python code knows the language in which the tables are written, and nothing else.

What programs use, such as `PodMachine`, can be imported from here; it is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podfsm.errors import PodfsmError
    from podfsm.machines.errors import NotEnabledError
    from podfsm.machines.pod import PodMachine

__version__ = "0.1.0"

__all__ = ["NotEnabledError", "PodMachine", "PodfsmError", "__version__"]

_HOMES = {
    "NotEnabledError": "podfsm.machines.errors",
    "PodMachine": "podfsm.machines.pod",
    "PodfsmError": "podfsm.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
