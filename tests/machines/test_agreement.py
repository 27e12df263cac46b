"""The machines and the explored graph agree: regions in every context, pods in every state."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from machines.graph import Comparison, compare
from podfsm.explore.configuration import shipped, whole_pod
from podfsm.language import tables

COMPARED = [(c.id, mode) for c in shipped(tables.shipped()) for mode in ("as-is", "intended")]
"""Every shipped configuration, in both modes."""

Futures = dict[tuple[str, str], Future[Comparison]]


@pytest.fixture(scope="module")
def comparisons(request: pytest.FixtureRequest) -> Iterator[Futures]:
    """The comparisons of all selected tests, made side by side in two processes."""
    given = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    jobs = dict.fromkeys(params["job"] for params in given if params.get("job") in COMPARED)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield {job: pool.submit(compare, str(tables.DIRECTORY), *job) for job in jobs}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("job", COMPARED, ids="-".join)
def test_machines_and_graph_agree(job: tuple[str, str], comparisons: Futures) -> None:
    compared = comparisons[job].result()
    assert compared.contexts
    assert compared.states
    assert compared.regions[:3] == []
    assert compared.pods[:3] == []


def test_every_region_is_compared() -> None:
    model = tables.shipped()
    compared = {name for c in shipped(model) for name in c.machines or whole_pod(model)}
    assert compared >= set(whole_pod(model))
