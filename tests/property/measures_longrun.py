"""The register against the simple model, for as long as one likes: `python -m tests.property.measures_longrun --steps N`."""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from app.measures.words import WaitingTerm
from tests.property.measures_world import World

LIFE = 600
"""Steps of one world: long enough for every state, short enough for the model, which works everything out anew."""


def step(world: World, dice: random.Random) -> None:
    back = dice.randrange(8)
    case = dice.randrange(3) if dice.random() < 0.2 else world.case_of(back)
    thing = dice.randrange(7)
    amount = dice.choice((0, 1, 100, 9_999, 20_000, 55_500))
    years, days = dice.choice(((1, 0), (2, 0), (3, 0), (0, 30), (0, 200), (0, 0), (1, 1)))
    maybe = None if dice.random() < 0.5 else amount
    acts: tuple[tuple[float, Callable[[], None]], ...] = (
        (10, lambda: world.wait(dice.choice((0, 1, 3_600, 86_400, 86_400 * 20, 86_400 * 200)))),
        (2, world.wait_for_an_end),
        (
            30,
            lambda: world.freeze(
                dice.randrange(7),
                dice.randrange(3),
                dice.choice((0, 0, 0, 0, 1, 90_000, 86_400 * 45)),
                years,
                days,
                maybe,
                preservation=dice.random() < 0.3,
            ),
        ),
        (8, lambda: world.renew(back, case, years, days)),
        (4, lambda: world.convert(back, case, dice.randrange(3))),
        (14, lambda: world.release(back, case, maybe)),
        (12, lambda: world.transfer(back, case, dice.choice((amount, world.held_by(back))))),
        (12, lambda: world.money_in(dice.randrange(7), amount)),
        (8, lambda: world.money_out(thing, dice.choice((amount, world.free_on(thing))))),
        (3, lambda: world.redeem(amount)),
        (
            4,
            lambda: world.dispose(
                dice.choice((["house", "land"], ["car"], ["account"], ["house"])),
                None if dice.random() < 0.1 else back,
                case,
                whole=dice.random() < 0.2,
            ),
        ),
        (5, world.lapse),
        (1, lambda: world.repeat(dice.randrange(1_000), dice.randrange(90_000))),
        (0.2, world.restart),
    )
    dice.choices([act for _, act in acts], [weight for weight, _ in acts])[0]()


def run(steps: int, seed: int) -> Counter[str]:
    """Take so many steps, and count what had an effect.

    Raises:
        AssertionError: the register and the model differ; the seed finds the place again.
    """
    dice = random.Random(seed)
    seen: Counter[str] = Counter()
    policies = list(WaitingTerm)
    for life in range(-(-steps // LIFE)):
        world = World(policies[life % 2])
        for _ in range(min(LIFE, steps - life * LIFE)):
            step(world, dice)
        for operation, receipt in world.done:
            seen[f"{type(operation).__name__} {'done' if receipt.effective else receipt.ground}"] += 1
            seen.update(each.change.value for each in receipt.consequences)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    started = time.monotonic()
    seen = run(chosen.steps, chosen.seed)
    for name, count in sorted(seen.items()):
        sys.stdout.write(f"{count:>9}  {name}\n")
    seconds = time.monotonic() - started
    sys.stdout.write(f"{chosen.steps} steps, seed {chosen.seed}, no difference, {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
