"""The Kubernetes pod lifecycle as declarative tables: loaded, explored, proved, drawn, documented and generated.

Everything that is known about pods is written in ``podfsm/tables/*.yaml``, each row with its reason and the Kubernetes
function that it was taken from. The Python code knows the language in which the tables are written, and nothing else.
"""

__version__ = "0.1.0"
