"""The way of an order through everything there is: hub, database, worker and agencies as processes on real HTTP."""

from tests.e2e.running_hub import Court, RunningHub


def test_a_court_asks_every_agency_with_one_call(hub: RunningHub, court: Court) -> None:
    [debtor] = hub.debtors(1)
    case = court.case(debtor)

    query_id = court.ask(case)

    parts = court.wait(query_id)
    assert {part["state"] for part in parts} == {"answered"}
    assert {"BANK-ZC", "LAND-ZC", "POLICE-ZC", "TAX-ZC", "VEHICLE-ZC"} <= {
        part["agency_code"] for part in parts
    }
    assert {asset["agency_code"] for asset in court.assets(case)} >= {"POLICE-ZC"}
    assert court.told(query_id).count("agency_request.answered") == len(parts)
