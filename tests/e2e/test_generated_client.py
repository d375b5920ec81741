"""A client generated from the document by a stranger's tool makes a real call."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.running_hub import Bearer, Court, RunningHub

CALL = """
import json, sys
from linkage import AuthenticatedClient
from linkage.api.法院_court import create_asset_query, read_asset_query
from linkage.models import AgencySelection, AssetQueryDemand

url, token, demand = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token)
body = AssetQueryDemand.from_dict(json.loads(demand))
accepted = create_asset_query.sync(client=client, body=body, idempotency_key="generated")
print(read_asset_query.sync(accepted.id, client=client).states.to_dict())
"""


def test_a_generated_client_orders_a_query(hub: RunningHub, court: Court, tmp_path: Path) -> None:
    programs = Path(sys.executable).parent
    subprocess.run(
        [
            *(programs / "openapi-python-client", "generate", "--url", f"{hub.url}/openapi.json"),
            *("--meta", "none", "--output-path", tmp_path / "linkage"),
        ],
        check=True,
        capture_output=True,  # it warns of a binary answer and of lines of JSON, for which it makes no call
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
    )
    case = court.case(*hub.debtors(1))
    court.events()  # takes a token
    assert isinstance(court.http.auth, Bearer)

    done = subprocess.run(
        [
            sys.executable,
            "-c",
            CALL,
            hub.url,
            court.http.auth.token,
            json.dumps(court.demand(case, "BANK-ZC")),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    [query] = court.http.get("/v1/asset-queries").json()["items"]
    court.wait(query["id"])
