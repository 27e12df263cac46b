"""Which objects of an input are pods, and which are lists of them."""

from __future__ import annotations

from podfsm.errors import PodfsmError
from podfsm.language.model import Model

#: The setting of the tables that says it.
SETTING = "pod-objects"


class Kinds:
    """What `settings: pod-objects:` says.

    Attributes
    ----------
    pod
        The kind of a pod.
    lists
        The kinds of lists; an item that does not say its kind is a pod.
    items
        The key of the items in a list.
    type
        The type (section `objects:`) of a pod with its status.

    Raises
    ------
    PodfsmError
        if the tables do not say it.
    """

    def __init__(self, model: Model) -> None:
        setting = model.named["settings"].get(SETTING)
        if setting is None:
            raise PodfsmError(f"these tables do not say which objects are pods; add `settings: {SETTING}:`")
        self.pod, self.items, self.type = (setting.data.value[key].text for key in ("pod", "items", "type"))
        self.lists = frozenset(cell.text for cell in setting.data.value["lists"].value)
