"""The register against the simple model, step by step as hypothesis chooses them, and by long random runs."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from app.measures.words import WaitingTerm
from tests.property.measures_longrun import run
from tests.property.measures_world import World

things = st.integers(0, 6)
cases = st.integers(0, 2)
backs = st.integers(0, 5)
amounts = st.sampled_from([0, 1, 100, 9_999, 20_000, 50_000, 90_000])
maybe_amounts = st.none() | amounts
terms = st.sampled_from([(1, 0), (2, 0), (3, 0), (0, 1), (0, 30), (0, 0), (1, 1)])


class Measures(RuleBasedStateMachine):
    world: World

    @initialize(waiting_term=st.sampled_from(WaitingTerm))
    def begin(self, waiting_term: WaitingTerm) -> None:
        self.world = World(waiting_term)

    @rule(seconds=st.sampled_from([1, 3_600, 86_400 * 29, 86_400 * 366]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule()
    def wait_for_an_end(self) -> None:
        self.world.wait_for_an_end()

    @rule(
        thing=things,
        case=cases,
        late=st.sampled_from([0, 0, 1, 7_200, 86_400 * 40]),
        term=terms,
        limit=maybe_amounts,
        preservation=st.booleans(),
    )
    def freeze(
        self,
        thing: int,
        case: int,
        late: int,
        term: tuple[int, int],
        limit: int | None,
        *,
        preservation: bool,
    ) -> None:
        years, days = term
        self.world.freeze(thing, case, late, years, days, limit, preservation=preservation)

    @rule(back=backs, term=terms)
    def renew(self, back: int, term: tuple[int, int]) -> None:
        self.world.renew(back, self.world.case_of(back), *term)

    @rule(back=backs, new_case=cases)
    def convert(self, back: int, new_case: int) -> None:
        self.world.convert(back, self.world.case_of(back), new_case)

    @rule(back=backs, part=maybe_amounts)
    def release(self, back: int, part: int | None) -> None:
        self.world.release(back, self.world.case_of(back), part)

    @rule(back=backs, case=cases)
    def release_as_anybody(self, back: int, case: int) -> None:
        self.world.release(back, case, None)

    @rule(back=backs, amount=amounts)
    def transfer(self, back: int, amount: int) -> None:
        self.world.transfer(back, self.world.case_of(back), amount)

    @rule(back=backs)
    def transfer_all(self, back: int) -> None:
        self.world.transfer(back, self.world.case_of(back), self.world.held_by(back))

    @rule(thing=things)
    def spend_all_that_is_free(self, thing: int) -> None:
        self.world.money_out(thing, self.world.free_on(thing))

    @rule(thing=things, amount=amounts)
    def money_comes(self, thing: int, amount: int) -> None:
        self.world.money_in(thing, amount)

    @rule(thing=things, amount=amounts)
    def money_goes(self, thing: int, amount: int) -> None:
        self.world.money_out(thing, amount)

    @rule(amount=amounts)
    def product_pays_out(self, amount: int) -> None:
        self.world.redeem(amount)

    @rule(things=st.sampled_from([["house", "land"], ["car"], ["house"]]), back=backs, whole=st.booleans())
    def dispose(self, things: list[str], back: int, *, whole: bool) -> None:
        self.world.dispose(things, back, self.world.case_of(back), whole=whole)

    @rule()
    def lapse(self) -> None:
        self.world.lapse()

    @rule(which=st.integers(0, 50), late=st.integers(0, 100_000))
    def same_request_again(self, which: int, late: int) -> None:
        self.world.repeat(which, late)

    @rule()
    def restart(self) -> None:
        self.world.restart()


TestMeasures = Measures.TestCase
TestMeasures.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


def test_ten_thousand_random_steps_show_no_difference_and_every_kind_of_change() -> None:
    seen = run(10_000, seed=20_241_124)
    for change in ("promoted", "displaced", "holds_more", "holds_less", "lapsed", "voided"):
        assert seen[change] > 5, change
    for order in ("FreezeOrder", "Renewal", "Release", "Transfer", "Conversion", "Redemption", "Disposal"):
        assert seen[f"{order} done"] > 5, order
