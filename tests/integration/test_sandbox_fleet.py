"""A county's agencies as processes: how they start, stop, die and come back."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from app.errors import ExchangeError
from app.sandbox.fleet import SECOND_BANK, STANDARD, AgencyNotReady, Fleet, People, with_banks
from app.sandbox.population.cast import Part
from app.vocabulary import AgencyKind
from tests.integration.sandbox_hub import POPULATION, debtor, hub_side, link, order, until

BANK = STANDARD[-1]
SMALL = People(count=200)


def test_the_standard_agencies_are_one_of_each_kind() -> None:
    assert {agency.kind for agency in STANDARD} == set(AgencyKind)
    assert len(STANDARD) == 5
    assert SECOND_BANK.kind is AgencyKind.BANK


def test_every_agency_has_an_address_and_a_key_of_its_own(tmp_path: Path) -> None:
    with Fleet(tmp_path, link(), (BANK, SECOND_BANK), people=SMALL) as fleet:
        one, other = fleet.start()
    assert one.url != other.url
    assert one.public_key != other.public_key
    assert (tmp_path / BANK.code / "key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_county_can_have_more_banks(count: int) -> None:
    banks = [agency.code for agency in with_banks(count) if agency.kind is AgencyKind.BANK]
    assert len(set(banks)) == count
    assert with_banks(count)[:5] == STANDARD


async def test_a_fleet_starts_what_has_died(tmp_path: Path) -> None:
    with Fleet(tmp_path, link(), (BANK,), people=SMALL) as fleet:
        before = fleet.running(BANK.code)
        os.kill(before.pid, signal.SIGKILL)
        await until(lambda: has_ended(before.pid))
        (after,) = fleet.start()
    assert after.url == before.url
    assert after.pid != before.pid


async def test_a_killed_agency_has_kept_all_that_it_answered(tmp_path: Path) -> None:
    """Killed under load: whatever was replied stands in the books, and nothing stands there twice."""
    asked = [order(BANK.code, about) for about in POPULATION.debtors(100)]
    answered = set()
    with Fleet(tmp_path, link(), (BANK,), people=SMALL) as fleet:
        url = fleet.running(BANK.code).url

        async def ask_until_it_dies() -> None:
            async with hub_side(fleet, BANK.code) as side:
                with suppress(ExchangeError):
                    for each in asked[:50] * 100:
                        await side.ask(each)
                        answered.add(each.request_id)

        clients = [asyncio.create_task(ask_until_it_dies()) for _ in range(4)]
        await until(lambda: len(answered) > 20)
        fleet.kill(BANK.code)
        await asyncio.gather(*clients)
        books = fleet.books(BANK.code)
        effects = [effect.request_id for effect in books.effects()]
        assert answered <= set(effects)
        assert len(effects) == len(set(effects))

        assert fleet.restart(BANK.code).url == url
        async with hub_side(fleet, BANK.code) as side:
            for each in asked[:50]:
                await side.ask(each, attempt=2)
        assert len(books.effects()) == 50
        assert books.altered_repeats() == set()


async def test_an_agency_gives_the_same_answer_before_and_after_its_death(tmp_path: Path) -> None:
    asked = order(BANK.code, debtor(Part.DEBTOR))
    with Fleet(tmp_path, link(), (BANK,), people=SMALL) as fleet:
        async with hub_side(fleet, BANK.code) as side:
            before = await side.ask(asked)
        fleet.kill(BANK.code)
        fleet.restart(BANK.code)
        async with hub_side(fleet, BANK.code) as side:
            assert await side.ask(asked, attempt=2) == before


async def test_a_fleet_that_starts_again_finds_its_keys_and_books(tmp_path: Path) -> None:
    asked = order(BANK.code, debtor(Part.DEBTOR))
    with Fleet(tmp_path, link(), (BANK,), people=SMALL) as fleet:
        (first,) = fleet.start()
        async with hub_side(fleet, BANK.code) as side:
            answer = await side.ask(asked)
    with Fleet(tmp_path, link(), (BANK,), people=SMALL) as fleet:
        (second,) = fleet.start()
        async with hub_side(fleet, BANK.code) as side:
            assert await side.ask(asked, attempt=2) == answer
    assert first.public_key == second.public_key


def test_an_agency_stops_cleanly_when_told_to(tmp_path: Path) -> None:
    with Fleet(tmp_path, link(), (BANK,), people=SMALL) as fleet:
        process = fleet._berths[BANK.code].process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert (tmp_path / BANK.code / "agency.log").read_text() == ""
    assert not (tmp_path / BANK.code / "books.sqlite-wal").exists()


def test_agencies_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """Also when it was killed: nobody is left to stop them."""
    script = (
        "import sys, time; from pathlib import Path; from app.sandbox.fleet import *;"
        f"fleet = Fleet(Path(sys.argv[1]), HubLink('http://127.0.0.1:9', {dict(link().public_keys)!r}), STANDARD[-1:]);"
        "print(fleet.start()[0].pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        agency = int(parent.stdout.readline())
        parent.kill()
    asyncio.run(until(lambda: not is_alive(agency)))


def has_ended(pid: int) -> bool:
    """Whether a child can be reaped: a process of several threads is a zombie before the last of them is gone."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def is_alive(pid: int) -> bool:
    """A zombie that nobody reaps yet is dead enough."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_agency_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / BANK.code / "books.sqlite").mkdir(parents=True)
    fleet = Fleet(tmp_path, link(), (BANK,), people=SMALL)
    with pytest.raises(AgencyNotReady, match="did not start, see"):
        fleet.start()
    with pytest.raises(KeyError):
        fleet.running(BANK.code)
