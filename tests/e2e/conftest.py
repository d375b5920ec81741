"""A hub with its database, worker and agencies, all of them processes, for the whole run.

Starting them takes some seconds, so all tests of this folder share one hub; each makes a court of its own, and an
agency that it lets misbehave is well again afterwards. Tests that kill something start their own.
"""

from collections.abc import Iterator

import pytest

from app.sandbox.fleet import SECOND_BANK, STANDARD
from tests.e2e.running_hub import Court, RunningHub, running_hub


@pytest.fixture(scope="session")
def hub() -> Iterator[RunningHub]:
    """With the five standard agencies enrolled, and a second bank that runs and is not."""
    with running_hub((*STANDARD, SECOND_BANK)) as hub:
        for agency in STANDARD:
            hub.enrol(hub.fleet.running(agency.code))
        yield hub


@pytest.fixture
def court(hub: RunningHub) -> Court:
    return hub.court()
