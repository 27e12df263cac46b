"""The choice of the variant that is explored."""

from typing import Any

import pytest

from podfsm.explore import search
from podfsm.explore.configuration import Configuration
from podfsm.explore.configuration import shipped as configurations
from podfsm.language.tables import shipped
from podfsm.verify import size


def test_a_variant_that_cannot_be_encoded_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = shipped()
    whole: Configuration = next(c for c in configurations(model) if c.id == "api-eviction")
    assert not size.plan_for(model, whole, 1_000_000).configuration.reduced
    refused: list[Any] = []
    enough = search.PAIR_BYTES

    def refuse_first(system: Any, **limits: Any) -> Any:
        monkeypatch.setattr(search, "PAIR_BYTES", enough if refused else 100)
        refused.append(system)
        return search.explore(system, **limits)

    monkeypatch.setattr(size, "explore", refuse_first)
    plan = size.plan_for(model, whole, 1_000_000)
    assert refused
    assert plan.fits
    assert plan.configuration.reduced
