"""A campaign handed in at once: a verdict for each row, fairness to the neighbour, one batch however often it is sent."""

import json
from collections.abc import Iterator

import pytest

from app.api.batches import MOST_ROWS
from tests.e2e.running_hub import Court, Json, RunningHub

TAX = "TAX-ZC"


def line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.fixture
def halted(hub: RunningHub) -> Iterator[None]:
    """Nothing is sent to the tax office until a test resumes it; what is left over is buried in the end."""
    hub.operator.post(f"/v1/lanes/agency:{TAX}/pause")
    yield
    hub.operator.post(f"/v1/lanes/agency:{TAX}/stop")
    hub.operator.post(f"/v1/lanes/agency:{TAX}/resume")


def test_each_row_of_two_thousand_gets_its_own_verdict_and_one_batch_stays_one(
    hub: RunningHub, court: Court, halted: None
) -> None:
    good = court.demand(court.case(*hub.debtors(1)), TAX)
    bad = {
        10: ("{", "malformed_json"),
        20: (line(good | {"case_number": "（2026）豫9999执1号"}), "case_unknown"),
        30: (line(good | {"case_number": "no number"}), "case_number_malformed"),
        40: (line(good | {"officer": "nobody"}), "officer_unknown"),
        50: (line(good | {"extra": 1}), "invalid_body"),
        60: (line(good | {"agencies": {"codes": ["NOWHERE"]}}), "agency_unknown"),
        70: (line([]), "invalid_body"),
    }
    rows = [bad[number][0] if number in bad else line(good) for number in range(2000)]

    batch = hand_in(court, rows)

    assert (batch["accepted"], batch["refused"]) == (2000 - len(bad), len(bad))
    refused = {verdict["row"]: verdict["code"] for verdict in batch["verdicts"] if not verdict["accepted"]}
    assert refused == {number: code for number, (_, code) in bad.items()}
    assert hand_in(court, rows) == batch
    assert states(court, batch) == {"queued": batch["accepted"]}


def test_a_small_order_goes_between_the_rows_of_anothers_campaign(
    hub: RunningHub, court: Court, halted: None
) -> None:
    neighbour = hub.court()
    campaign = hand_in(court, [line(court.demand(court.case(*hub.debtors(1)), TAX))] * 500)
    small = neighbour.ask(neighbour.case(*hub.debtors(1)), TAX)

    hub.operator.post(f"/v1/lanes/agency:{TAX}/resume")
    neighbour.wait(small)

    assert states(court, campaign).get("answered", 0) < 250


def hand_in(court: Court, rows: list[str]) -> Json:
    """Always under the same key."""
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "campaign"}
    answer = court.http.post("/v1/asset-query-batches", content="\n".join(rows).encode(), headers=headers)
    assert answer.status_code == 202, answer.text
    batch: Json = answer.json()
    return batch


def states(court: Court, batch: Json) -> dict[str, int]:
    progress: dict[str, int] = court.http.get(f"/v1/asset-query-batches/{batch['id']}").json()["states"]
    return progress


def test_a_batch_that_is_none_is_refused_as_a_whole(court: Court) -> None:
    for content_type, content, code in (
        ("application/x-ndjson", b"", "invalid_body"),
        ("application/json", b'{"queries": []}', "invalid_body"),
        ("application/json", b"[]", "invalid_body"),
        ("application/json", b"{", "malformed_json"),
        ("text/csv", b"a,b", "unsupported_media_type"),
        ("application/x-ndjson", b"{}\n" * (MOST_ROWS + 1), "invalid_body"),
    ):
        answer = court.http.post(
            "/v1/asset-query-batches", content=content, headers={"Content-Type": content_type}
        )
        assert answer.json()["code"] == code, answer.text
