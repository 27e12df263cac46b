"""The one exception that bad input ends in."""

from collections.abc import Sequence


class PodfsmError(Exception):
    """Input that cannot be used: tables, manifests, options or files.

    Parameters
    ----------
    messages
        One message, or several when several things are wrong at once. Each says where the trouble is, what it is and
        what would mend it, and stands on its own: ``file:line:column: what, and the mend``.
    """

    messages: list[str]

    def __init__(self, messages: str | Sequence[str]) -> None:
        self.messages = [messages] if isinstance(messages, str) else list(messages)
        super().__init__("\n".join(self.messages))
