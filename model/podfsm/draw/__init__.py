"""Drawing: a :class:`Diagram` becomes DOT, and DOT becomes SVG, PNG or PDF.

The modules here know nodes, edges, clusters and actors, and how the tables say what is to be drawn (section
`diagrams:`); of pods they know nothing. DOT is the contract: the same diagram gives the same bytes on every machine,
and pictures are made from it by a pinned engine.
"""

from podfsm.draw.command import files, run
from podfsm.draw.diagram import PALETTE, Actor, Cluster, Diagram, Edge, Node, palette_colour
from podfsm.draw.dot import to_dot
from podfsm.draw.engine import FORMATS, Engine, find_engine, render

__all__ = [
    "FORMATS",
    "PALETTE",
    "Actor",
    "Cluster",
    "Diagram",
    "Edge",
    "Engine",
    "Node",
    "files",
    "find_engine",
    "palette_colour",
    "render",
    "run",
    "to_dot",
]
