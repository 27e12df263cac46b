"""The SVG of an engine, made fit to be read: names for people and screen readers, fonts that have Hangul."""

from __future__ import annotations

from xml.etree import ElementTree

from podfsm.draw.markup import decode
from podfsm.draw.text import clean

FONTS = "Helvetica, Arial, 'Noto Sans KR', 'Malgun Gothic', 'Apple SD Gothic Neo', NanumGothic, sans-serif"

_SVG = "http://www.w3.org/2000/svg"
_TOOLTIP = "{http://www.w3.org/1999/xlink}title"
_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def polish(picture: bytes) -> bytes:
    """Return an engine's SVG with these changes.

    * A node, edge or cluster has its tooltip, which starts with its id, as ``<title>``; links around it are gone.
    * The picture has a name and a language, and the role of an image.
    * It shrinks to the width of its page, and is never enlarged.
    * Fonts that have Hangul stand in the list of fonts; document type and comments are gone.

    The result depends on the input alone.

    Raises
    ------
    ValueError
        If it is not the SVG of a graph.
    """
    try:
        root = ElementTree.fromstring(picture)
        graph = _groups(root, "graph")[0]
    except (ElementTree.ParseError, IndexError) as error:
        raise ValueError("what it wrote is no SVG of a graph") from error
    _name_picture(root, graph)
    for kind in ("node", "edge", "cluster"):
        for group in _groups(graph, kind):
            tooltip = _unwrap(group)
            title = group.find(_tag("title"))
            if tooltip and title is not None:
                title.text = tooltip
            if kind == "cluster":
                group.set("class", kind)  # it inherits the class of the graph, which is a language
    for text in root.iter(_tag("text")):
        text.attrib.pop("font-family", None)
    ElementTree.register_namespace("", _SVG)
    return f"{ElementTree.tostring(root, encoding='unicode')}\n".encode()


def _tag(name: str) -> str:
    return f"{{{_SVG}}}{name}"


def _groups(element: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [group for group in element.iter(_tag("g")) if kind in group.get("class", "").split()]


def _name_picture(root: ElementTree.Element, graph: ElementTree.Element) -> None:
    name = _unwrap(graph)
    own = graph.find(_tag("title"))
    if own is not None:
        name = name or own.text or ""
        graph.remove(own)
    title = ElementTree.Element(_tag("title"))
    title.text = name
    title.tail = "\n"
    root.insert(0, title)
    language = graph.get("class", "").removeprefix("graph").strip()
    graph.set("class", "graph")
    if language:
        root.set(_XML_LANGUAGE, language)
    root.set("role", "img")
    root.set("aria-label", name)
    root.set("font-family", FONTS)
    root.set("style", "max-width:100%;height:auto")


def _unwrap(group: ElementTree.Element) -> str:
    """Put the content of the links that Graphviz makes for tooltips in their place; return the tooltip as shown."""
    tooltip = ""
    for wrapper in [child for child in group if child.tag == _tag("g") and child.get("class") is None]:
        link = wrapper.find(_tag("a"))
        if link is None:
            continue
        tooltip = tooltip or _shown(link.get(_TOOLTIP, ""))
        place = list(group).index(wrapper)
        group.remove(wrapper)
        for offset, child in enumerate(list(link)):
            group.insert(place + offset, child)
    return tooltip


def _shown(encoded: str) -> str:
    return clean(decode(encoded), limit=len(encoded))
