"""Python: one typed module that needs nothing but the standard library."""

from podfsm.generate.python.module import files

__all__ = ["files"]
