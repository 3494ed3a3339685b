"""How a benchmark tells what it measured: one JSON object a line."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable


def say(name: str, value: float, unit: str, *, peer: str | None = None, peer_value: float | None = None) -> None:
    """Print a value; beside a peer of the same run also how many times the peer's value it is."""
    line: dict[str, object] = {"name": name, "value": round(value, 6), "unit": unit}
    if peer is not None and peer_value is not None:
        line |= {"peer": peer, "peer_value": round(peer_value, 6), "ratio": round(value / peer_value, 4)}
    print(json.dumps(line, ensure_ascii=False), flush=True)


def seconds(action: Callable[[], object], times: int = 3, clock: Callable[[], float] = time.process_time) -> float:
    """The shortest of some runs: what else the machine does only ever makes a run longer.

    :param clock: the time of this process's own work, or :func:`time.perf_counter` where other processes do it.
    """
    took = []
    for _ in range(times):
        gc.collect()
        start = clock()
        action()
        took.append(clock() - start)
    return min(took)
