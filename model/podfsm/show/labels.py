"""The fixed words of `podfsm show`, by language; those that are missing stand for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"place": "stands in"},
    "ko": {
        "why": "이유",
        "cite": "출처",
        "place": "위치",
        "verdicts": "판정",
        "table": "테이블",
        "of": "대상",
        "on": "대상",
        "per": "단위",
        "event": "이벤트",
        "actor": "행위자",
        "actors": "행위자",
        "actor of an event": "행위자",
        "fired by": "발화 주체",
        "when": "조건",
        "only when": "전제",
        "on pods where": "대상 파드",
        "where": "대상",
        "where modelled": "모델에서의 위치",
        "without": "제외",
        "then": "결과",
        "is": "정의",
        "value": "값",
        "field": "필드",
        "at": "위치",
        "gate": "기능 게이트",
        "level": "상세 수준",
        "defect": "결함",
        "defects": "결함",
        "feature": "기능",
        "features": "기능",
        "not with": "제외하는 기능",
        "given": "인자",
        "arguments": "인자",
        "order": "순서",
        "rows": "행",
        "values": "값",
        "value of": "속한 도메인",
        "one of": "분류",
        "see": "관련 항목",
        "who writes it": "쓰는 주체",
        "nothing writes it": "쓰는 주체가 없음",
        "written by": "쓰는 행",
        "and by": "그 밖의 쓰는 행",
        "at first": "처음 값",
        "shown as": "보이는 상태",
        "into it": "들어오는 전이",
        "out of it": "나가는 전이",
        "asked for by": "묻는 행",
        "never reached": "도달하지 않음",
        "judges": "판단 대상",
        "holds": "성립하는 것",
        "fields": "필드",
        "enforced by": "강제하는 주체",
        "not recorded": "기록에 없음",
        "documented": "문서",
        "stream": "기록된 스트림",
        "ends the table": "뒤의 행을 보지 않음",
        "always": "모든 상태에서",
        "never": "어떤 상태에서도 아님",
        "step": "모든 단계에서",
        "never-step": "어떤 단계에서도 아님",
        "stuck": "영원히 머물지 않음",
        "reachable": "도달 가능",
        "occurs": "실제로 일어나는 예",
        "regions": "영역",
        "contract": "전제하는 약속",
        "expected": "기대",
        "assumes": "가정",
        "publishes": "게시",
        "default since": "기본값",
        "here": "지금",
        "does not count": "적용되지 않음",
        "needs": "필요",
        "number": "번호",
        "type": "타입",
        "read from": "읽는 곳",
        "machine": "기계",
        "mend": "고치는 방법",
        "as-is": "현재 동작",
        "intended": "의도한 동작",
        "advice": "대처법",
        "upstream": "업스트림 이슈",
        "unwritten": "쓰는 주체가 없음",
        "title": "제목",
        "group": "분류",
        "notion": "노트의 내용",
        "note": "노트",
        "verdict": "판정",
        "evidence": "증거",
        "ends": "끝날 때",
        "anew": "대체물이 얻는 것",
        "caption": "설명",
        "from": "시작 상태",
        "to": "끝 상태",
        "causes": "원인",
        "shows": "보이는 값",
        "decided by": "결정하는 테이블",
        "versions": "버전",
        "objects at": "오브젝트의 위치",
        "pod at": "파드의 위치",
        "view": "뷰",
        "machines": "기계",
        "tables": "테이블",
        "page": "페이지",
        "colour": "색",
    },
}
"""Labels of facts."""

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "ko": {
        "always": "언제나",
        "always (if no row before it applies)": "언제나(앞의 행이 해당하지 않으면)",
        "otherwise": "그 밖에",
        "nothing changes": "아무것도 바꾸지 않음",
        "a number": "수",
        "yes": "예",
        "other events": "다른 이벤트",
        "each version": "버전 하나하나",
        "two versions in a row": "잇따른 두 버전",
        "the API server": "API 서버",
        "nobody; Kubernetes keeps it": "없음. Kubernetes 스스로 지킨다",
        "on": "켜짐",
        "off": "꺼짐",
        "as is": "현재 동작",
        "intended": "의도한 동작",
    }
}
"""Whole facts that are not in the tables."""

KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "ko": {
        "word": "단어",
        "value": "값",
        "decision table": "결정 테이블",
        "row of table": "테이블 {}의 행",
        "row of event": "이벤트 {}의 행",
        "machine": "상태 기계",
        "event of machine": "기계 {}의 이벤트",
        "property": "성질",
        "view": "뷰",
        "edge of view": "뷰 {}의 전이",
        "finding of verify": "verify의 발견 사항",
        "told by explain": "explain의 설명",
        "rule of conform": "conform의 규칙",
        "explanation of": "{}의 설명",
        "guess of conform": "conform의 추측",
        "reduction of large pods": "큰 파드의 축소",
        "feature gate": "기능 게이트",
        "remark on manifests": "매니페스트에 대한 알림",
        "refusal of the API server": "API 서버의 거부",
        "default of the API server": "API 서버의 기본값",
        "kind of manifest": "매니페스트 종류",
        "domain": "도메인",
        "field of": "{}의 필드",
        "defect": "결함",
        "assumption": "가정",
        "actor": "행위자",
        "feature": "기능",
        "configuration": "구성",
        "diagram": "그림",
        "belief": "오해",
        "difference": "문서와 다른 점",
        "region": "영역",
        "lifetime": "수명",
        "title": "제목",
        "seed": "노트의 항목",
        "arrow": "화살표",
        "setting": "설정",
        "kubernetes version": "Kubernetes 버전",
    }
}
"""Kinds of entries; a kind that ends in an id has the place of the id in braces."""


def label(lang: str, text: str) -> str:
    """Return the label of a fact."""
    return LABELS.get(lang, {}).get(text, text)


def phrase(lang: str, text: str) -> str:
    """Return a whole fact that is not in the tables."""
    return PHRASES.get(lang, {}).get(text, text)


def kind(lang: str, text: str) -> str:
    """Return the kind of an entry."""
    kinds = KINDS.get(lang, {})
    if text in kinds:
        return kinds[text]
    words, _, name = text.rpartition(" ")
    return kinds[words].format(name) if words in kinds else text
