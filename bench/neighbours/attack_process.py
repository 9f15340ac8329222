"""One attack in a process of its own (``python -m bench.neighbours.attack_process H7``).

Reads the ``Target`` as one line of JSON, prints "ready" once it is prepared, attacks until its
input ends, and prints the statuses of its responses as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys

from bench.neighbours.attacker import Mallory, Target
from bench.neighbours.attacks import ATTACKS, Attack


def main() -> None:
    target = Target(**json.loads(sys.stdin.readline()))
    asyncio.run(_run(ATTACKS[sys.argv[1]], target))


async def _run(attack: Attack, target: Target) -> None:
    mallory, ready = await Mallory.arrive(target), asyncio.Event()
    task = asyncio.create_task(attack(mallory, ready))
    preparation = asyncio.create_task(ready.wait())
    await asyncio.wait((task, preparation), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task  # raises what went wrong
    mallory.statuses.clear()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    task.cancel()
    await asyncio.gather(task, preparation, return_exceptions=True)
    await mallory.http.close()
    print(json.dumps({"statuses": mallory.statuses, "note": mallory.note}))


if __name__ == "__main__":
    main()
