"""The fixed words of `podfsm explain`, by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "state": "State",
        "why": "Why",
        "waiting": "Waits for",
        "timers": "Timers",
        "next": "Next, most likely first",
        "goals": "Can it still",
        "defects": "Known defects of Kubernetes that it meets",
        "unknown": "Unknown to this version",
        "reached": "reached",
        "possible": "possible",
        "impossible": "impossible",
        "hidden": "the object does not tell",
        "unsure": "not known, so not excluded",
        "unlike": "No state of the model looks like this object: what follows is read from the object alone.",
        "too-large": "Too large to be explored: what follows is read from the object alone.",
        "nothing": "nothing; it stays as it is",
        "disturbed": "not by itself, but {}",
        "more": "… and {} more",
        "relaxed": "Only nearly like a state of the model; not compared: {}.",
    },
    "ko": {
        "state": "상태",
        "why": "이유",
        "waiting": "기다리는 것",
        "timers": "타이머",
        "next": "다음에 일어날 일(가능성이 큰 순서)",
        "goals": "아직 가능한가",
        "defects": "이 파드와 관련된 Kubernetes의 알려진 결함",
        "unknown": "이 버전이 모르는 것",
        "reached": "도달함",
        "possible": "가능",
        "impossible": "불가능",
        "hidden": "오브젝트만으로는 알 수 없음",
        "unsure": "알 수 없어 배제하지 않음",
        "unlike": "모델의 어떤 상태도 이 오브젝트와 같지 않다. 아래는 오브젝트에서만 읽은 것이다.",
        "too-large": "너무 커서 탐색할 수 없다. 아래는 오브젝트에서만 읽은 것이다.",
        "nothing": "아무 일도 없다. 이대로 남는다",
        "disturbed": "스스로는 아니지만 {} 가능",
        "more": "… 그 밖에 {}개",
        "relaxed": "모델의 상태와 거의 같다. 비교하지 않은 것: {}.",
    },
}


def word(lang: str, key: str) -> str:
    """Return a fixed text."""
    return WORDS[lang][key]
