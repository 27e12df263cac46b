"""Drawings of small machines that everybody knows."""

from podfsm.draw import Actor, Cluster, Diagram, Edge, Node, palette_colour


def traffic_light() -> Diagram:
    """Three lamps, and a broken one that nothing leads to."""
    nodes = (
        Node("red", ("Red",), "initial", tooltip="cars wait"),
        Node("green", ("Green",)),
        Node("amber", ("Amber",)),
        Node("dark", ("Dark",), "unused"),
        Node("removed", ("Removed", "from the junction"), "terminal"),
    )
    edges = (
        Edge("go", "red", "green", ("30 s passed", "and nobody crosses"), ("clock",)),
        Edge("slow", "green", "amber", ("25 s passed",), ("clock",)),
        Edge("stop", "amber", "red", ("3 s passed",), ("clock",)),
        Edge("call", "green", "amber", ("a pedestrian presses the button",), ("pedestrian",)),
        Edge("flicker", "amber", "green", ("loose contact",), ("clock",), defect="D1"),
        Edge("remove", "red", "removed", ("the crew takes it down",), ("crew",)),
    )
    return Diagram(
        "traffic-light",
        "Traffic light",
        nodes,
        edges,
        actors=_actors("Clock", "Pedestrian", "Crew"),
        caption="One lamp burns at a time. The button only shortens green.",
    )


def door_in_korean() -> Diagram:
    """A door, labelled in Korean, with a current state and a path."""
    nodes = (
        Node("closed", ("닫힘",), "initial"),
        Node("open", ("열림", "사람이 지나갈 수 있는 상태")),
        Node("locked", ("잠김",)),
        Node("broken", ("부서짐", "더 이상 사용할 수 없음"), "terminal"),
        Node(
            "keys",
            ("누가 열 수 있습니까?",),
            rows=(("주인은 열쇠가 있습니다", "예"), ("방문자", "아니요")),
            actor="owner",
        ),
    )
    edges = (
        Edge("push", "closed", "open", ("방문자가 문을 밀어서 엽니다",), ("visitor",)),
        Edge("shut", "open", "closed", ("바람이 문을 닫습니다", "(십 초가 지난 뒤)"), ("wind",)),
        Edge("lock", "closed", "locked", ("주인이 열쇠로 잠급니다",), ("owner",)),
        Edge("unlock", "locked", "closed", ("주인이 열쇠로 엽니다",), ("owner",), tooltip="열쇠가 필요합니다"),
        Edge("kick", "locked", "broken", ("방문자가 발로 찹니다",), ("visitor",), defect="D1"),
    )
    actors = (
        Actor("visitor", "방문자", palette_colour(0)),
        Actor("wind", "바람", palette_colour(1)),
        Actor("owner", "주인", palette_colour(2)),
    )
    return Diagram(
        "door",
        "문의 상태",
        nodes,
        edges,
        actors=actors,
        language="ko",
        caption="문은 열리고, 닫히고, 잠기며, 언젠가 부서집니다. 굵은 선은 지금까지 지나온 경로입니다.",
        current=frozenset({"locked"}),
        path=frozenset({"push", "shut", "lock"}),
    )


def workshop() -> Diagram:
    """Nine states in nested clusters, twenty edges of five actors."""
    nodes = (
        Node("ordered", ("Ordered",), "initial", "office"),
        Node("priced", ("Priced", "offer is out"), cluster="office"),
        Node("queued", ("Queued",), cluster="floor"),
        Node("cutting", ("Cutting",), cluster="machines"),
        Node("welding", ("Welding", "needs two people"), cluster="machines"),
        Node("paused", ("Paused", "material, people or power is missing"), cluster="floor"),
        Node("painted", ("Painted",), cluster="floor"),
        Node("delivered", ("Delivered",), "terminal"),
        Node("scrapped", ("Scrapped",), "terminal"),
    )
    rows = (
        ("ordered", "priced", "office", ("the office sends an offer",)),
        ("priced", "ordered", "customer", ("the customer changes the order",)),
        ("priced", "queued", "customer", ("the customer accepts",)),
        ("priced", "scrapped", "customer", ("the customer declines",)),
        ("ordered", "scrapped", "customer", ("cancelled",)),
        ("queued", "cutting", "worker", ("a saw is free", "and the steel is there")),
        ("cutting", "welding", "worker", ("all parts are cut",)),
        ("welding", "painted", "worker", ("the seams pass inspection",)),
        ("welding", "cutting", "inspector", ("a part is too short",)),
        ("welding", "welding", "inspector", ("a seam must be welded again",)),
        ("cutting", "paused", "supplier", ("no steel",)),
        ("welding", "paused", "supplier", ("no gas",)),
        ("paused", "cutting", "supplier", ("steel came",)),
        ("paused", "welding", "supplier", ("gas came",)),
        ("paused", "scrapped", "office", ("waited thirty days",)),
        ("painted", "delivered", "office", ("the lorry leaves",)),
        ("painted", "welding", "inspector", ("a seam cracks under the paint",)),
        ("cutting", "scrapped", "inspector", ("the drawing was wrong",)),
        ("queued", "delivered", "office", ("booked as delivered by mistake",)),
        ("queued", "scrapped", "customer", ("cancelled",)),
    )
    edges = tuple(
        Edge(f"w{number:02}", source, target, label, (actor,), defect="D1" if "mistake" in label[0] else "")
        for number, (source, target, actor, label) in enumerate(rows, 1)
    )
    clusters = (
        Cluster("office", ("Office",)),
        Cluster("floor", ("Shop floor",)),
        Cluster("machines", ("At a machine",), "floor"),
    )
    actors = _actors("Office", "Customer", "Worker", "Inspector", "Supplier")
    return Diagram("workshop", "An order in a workshop", nodes, edges, clusters, actors)


def _actors(*titles: str) -> tuple[Actor, ...]:
    return tuple(Actor(title.lower(), title, palette_colour(index)) for index, title in enumerate(titles))


SAMPLES = (traffic_light(), door_in_korean(), workshop())
