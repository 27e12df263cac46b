"""Drawing: a :class:`Diagram` becomes DOT, and DOT becomes SVG, PNG or PDF.

This package knows nodes, edges, clusters and actors; it knows nothing of pods. DOT is the contract: the same diagram
gives the same bytes on every machine, and pictures are made from it by a pinned engine.
"""

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
    "find_engine",
    "palette_colour",
    "render",
    "to_dot",
]
