"""A witness on a real socket: the answers of C2SP tlog-witness one by one, and a memory that never goes back."""

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.audit.checkpoint import Checkpoint, Signer, read_checkpoint
from app.audit.cosignature import cosigned_at, witness_key
from app.audit.note import MalformedKey, read_note
from app.audit.proof import consistency_proof
from app.audit.tree import leaf_hash, root_of
from app.audit.witness import StateBroken, StateInUse, WitnessedLog, WitnessState
from app.audit.witness_commands import commands
from app.audit.witness_protocol import MAX_REQUEST_BYTES, AddCheckpoint
from app.audit.witness_server import WitnessServer, new_key, read_key, read_logs, write_secret
from tests.unit.audit_town import BANK, ORIGIN, SIGNER, STRANGER, TIME, private, signed

LEAVES = [leaf_hash(bytes([number])) for number in range(100)]
FORK = [*LEAVES[:50], *(leaf_hash(b"fork" + bytes([number])) for number in range(50))]


def proof(old: int, new: int, leaves: Sequence[bytes] = LEAVES) -> tuple[bytes, ...]:
    if old == 0:
        return ()
    return tuple(consistency_proof(old, new, lambda span: root_of(leaves[span.start : span.end])))


def request(old: int, new: int, leaves: Sequence[bytes] = LEAVES, signer: Signer = SIGNER) -> bytes:
    return AddCheckpoint(old, proof(old, new, leaves), signed(leaves[:new], signer)).to_bytes()


class Client:
    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def add(self, body: bytes) -> tuple[int, bytes]:
        return self.call("POST", "/add-checkpoint", body)

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        self.connection.request(method, path, body)
        response = self.connection.getresponse()
        self.content_type = response.headers["Content-Type"]
        return response.status, response.read()


@contextmanager
def serving(folder: Path) -> Iterator[Client]:
    with WitnessState(folder) as state:
        log = WitnessedLog(BANK, [SIGNER.verifier], state, lambda: TIME)
        with WitnessServer(("127.0.0.1", 0), log) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            client = Client(server.server_port)
            try:
                yield client
            finally:
                client.connection.close()
                server.shutdown()
                thread.join()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Client]:
    with serving(tmp_path / "state") as client:
        yield client


def times_of(lines: bytes, size: int, leaves: Sequence[bytes] = LEAVES) -> list[int | None]:
    note = read_note(signed(leaves[:size]) + lines.decode())
    checkpoint = Checkpoint(ORIGIN, size, root_of(leaves[:size]))
    return [cosigned_at(note, checkpoint, key) for key in BANK.verifiers]


def test_a_first_checkpoint_and_those_that_continue_it_are_cosigned(witness: Client) -> None:
    for old, new in pairwise((0, 1, 7, 8, 64, 100)):
        status, lines = witness.add(request(old, new))
        assert status == 200
        assert times_of(lines, new) == [TIME, TIME]
        assert lines.decode().startswith("— bank.example/witness ")
        assert lines.endswith(b"\n")


def test_the_same_checkpoint_is_cosigned_again(witness: Client) -> None:
    witness.add(request(0, 40))
    status, lines = witness.add(request(40, 40))
    assert (status, times_of(lines, 40)) == (200, [TIME, TIME])


def test_a_wrong_old_size_is_told_the_right_one(witness: Client) -> None:
    witness.add(request(0, 40))
    assert witness.add(request(0, 60)) == (409, b"40\n")
    assert witness.content_type == "text/x.tlog.size"
    assert witness.add(request(30, 60)) == (409, b"40\n")
    assert witness.add(request(30, 30)) == (409, b"40\n")
    assert witness.add(request(40, 60))[0] == 200


def test_a_fork_is_not_cosigned(witness: Client) -> None:
    witness.add(request(0, 80))
    for body in (
        request(80, 100, FORK),
        request(80, 80, FORK),
        AddCheckpoint(80, proof(80, 100), signed(FORK)).to_bytes(),
        AddCheckpoint(80, (), signed(LEAVES)).to_bytes(),
        AddCheckpoint(80, (*proof(80, 100), bytes(32)), signed(LEAVES)).to_bytes(),
    ):
        assert witness.add(body) == (422, b"")
    assert witness.add(request(80, 100))[0] == 200


def test_a_log_that_was_cut_back_is_not_cosigned(witness: Client) -> None:
    witness.add(request(0, 80))
    assert witness.add(request(80, 80))[0] == 200
    assert witness.add(AddCheckpoint(80, (), signed(LEAVES[:60])).to_bytes())[0] == 400
    assert witness.add(request(60, 60)) == (409, b"80\n")
    assert witness.add(request(0, 60)) == (409, b"80\n")


def test_nothing_is_proven_from_the_empty_tree(witness: Client) -> None:
    assert witness.add(AddCheckpoint(0, (bytes(32),), signed(LEAVES[:4])).to_bytes())[0] == 422
    assert witness.add(AddCheckpoint(0, (), SIGNER.sign(0, bytes(32))).to_bytes())[0] == 422
    assert witness.add(request(0, 0))[0] == 200
    assert witness.add(request(0, 4))[0] == 200


def test_unknown_logs_and_wrong_signatures_are_refused(witness: Client) -> None:
    elsewhere = Signer("other.example/log", private(1))
    assert witness.add(request(0, 4, signer=elsewhere))[0] == 404
    assert witness.add(request(0, 4, signer=STRANGER))[0] == 403
    note = signed(LEAVES[:4])
    forged = note[:-10] + ("A" if note[-10] != "A" else "B") + note[-9:]
    assert witness.add(AddCheckpoint(0, (), forged).to_bytes())[0] == 403
    both = note + forged.rpartition("\n\n")[2]
    assert witness.add(AddCheckpoint(0, (), both).to_bytes())[0] == 403


def test_signatures_of_unknown_keys_beside_the_logs_own_are_ignored(witness: Client) -> None:
    note = signed(LEAVES[:4]) + signed(LEAVES[:4], STRANGER).rpartition("\n\n")[2]
    assert witness.add(AddCheckpoint(0, (), note).to_bytes())[0] == 200
    _, kept = witness.call("GET", f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint")
    assert STRANGER.verifier.key_id not in [one.key_id for one in read_note(kept.decode()).signatures]


@pytest.mark.parametrize(
    "body", [b"", b"old 0\n\n", b"\xff", b"old 5\n\nx\n1\nAAAA\n\n\xe2\x80\x94 x AAAAAAA=\n"]
)
def test_what_is_no_request_is_refused(witness: Client, body: bytes) -> None:
    assert witness.add(body) == (400, b"")


def test_the_last_cosigned_checkpoint_is_shown_to_whoever_compares(witness: Client) -> None:
    address = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert witness.call("GET", address)[0] == 404
    witness.add(request(0, 33))
    status, note = witness.call("GET", address)
    assert status == 200
    shown = read_note(note.decode())
    assert read_checkpoint(shown.text).size == 33
    assert len(shown.by(SIGNER.verifier)) == 1
    assert all(len(shown.by(key)) == 1 for key in BANK.verifiers)


def test_other_addresses_and_bodies_without_end_are_refused(witness: Client) -> None:
    for method, path in (
        ("GET", "/"),
        ("POST", "/sign-subtree"),
        ("GET", "/add-checkpoint"),
        ("GET", f"/{'0' * 64}/checkpoint"),
    ):
        assert witness.call(method, path, b"" if method == "POST" else None)[0] == 404
    for headers in ({"Transfer-Encoding": "chunked"}, {"Content-Length": "-1"}, {"Content-Length": "x"}):
        witness.connection.close()
        witness.connection.putrequest("POST", "/add-checkpoint")
        for name, value in headers.items():
            witness.connection.putheader(name, value)
        witness.connection.endheaders()
        assert witness.connection.getresponse().status == 411
    witness.connection.close()
    witness.connection.putrequest("POST", "/add-checkpoint")
    witness.connection.putheader("Content-Length", str(MAX_REQUEST_BYTES + 1))
    witness.connection.endheaders()
    assert witness.connection.getresponse().status == 413


def test_a_witness_remembers_over_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        client.add(request(0, 60))
    with serving(tmp_path) as client:
        assert client.add(request(0, 80)) == (409, b"60\n")
        assert client.add(request(60, 80, FORK))[0] == 422
        assert client.add(request(60, 80))[0] == 200


def test_two_witnesses_never_share_a_memory(tmp_path: Path) -> None:
    with WitnessState(tmp_path), pytest.raises(StateInUse):
        WitnessState(tmp_path)
    with WitnessState(tmp_path):
        pass


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\xff", signed(LEAVES[:3]).replace(ORIGIN, "other/log").encode()]
)
def test_a_witness_whose_memory_is_broken_does_not_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / f"{sha256(ORIGIN.encode()).hexdigest()}.checkpoint").write_bytes(content)
    with WitnessState(tmp_path) as state, pytest.raises(StateBroken):
        WitnessedLog(BANK, [SIGNER.verifier], state, lambda: TIME)


def test_a_witness_that_cannot_remember_does_not_cosign(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path / "state") as client:
        client.add(request(0, 10))
        (tmp_path / "state").rename(tmp_path / "gone")
        assert client.add(request(10, 20)) == (409, b"0\n")
        assert client.add(request(0, 20)) == (500, b"")
        (tmp_path / "gone").rename(tmp_path / "state")
        assert client.add(request(10, 20))[0] == 200
    assert "No such file" in capfd.readouterr().err


def test_of_racing_requests_none_makes_the_witness_go_back(tmp_path: Path) -> None:
    """The race of the specification: whatever overlaps, each cosigned tree continues the one before it."""
    rng = random.Random(5)
    with WitnessState(tmp_path) as state:
        log = WitnessedLog(BANK, [SIGNER.verifier], state, lambda: TIME)
        cosigned: list[tuple[int, int]] = []

        def hammer(seed: int) -> None:
            rng = random.Random(seed)
            old = 0
            for _ in range(60):
                new = rng.randint(max(old, 1), 100)
                answer = log.add_checkpoint(bodies[old, new])
                if answer.status == 200:
                    cosigned.append((old, new))
                    old = new
                elif answer.status == 409:
                    old = int(answer.body)

        bodies = {(old, new): request(old, new) for old in range(100) for new in range(max(old, 1), 101)}
        bodies |= {(100, 100): request(100, 100)}
        threads = [threading.Thread(target=hammer, args=(rng.random(),)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        note = state.note(ORIGIN)
        assert note is not None
        assert read_checkpoint(read_note(note).text).size == max(new for _, new in cosigned)
    sizes = [0]
    for old, new in sorted(cosigned):
        assert old in sizes
        sizes.append(new)


def test_a_killed_witness_remembers_what_it_cosigned(tmp_path: Path) -> None:
    key, logs = tmp_path / "key", tmp_path / "logs"
    write_secret(key, new_key("bank.example/witness"))
    logs.write_text(f"# 柘城县人民法院\nlog {SIGNER.verifier} https://court.example/transparency\n")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "app.audit.witness_server",
        "--key",
        key,
        "--logs",
        logs,
    ]
    command += ["--state", tmp_path / "state", "--port", "0"]
    size = 0
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
            client = Client(port)
            assert client.add(request(size, size + 10))[0] == 200
            process.send_signal(signal.SIGKILL)
            client.connection.close()
        size += 10
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        client = Client(int(process.stdout.readline().rstrip("/\n").rpartition(":")[2]))
        assert client.add(request(0, 50)) == (409, b"30\n")
        client.connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def test_key_files_are_secret_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_secret(path, new_key("bank.example/witness"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path.read_text()).name == "bank.example/witness"
    with pytest.raises(FileExistsError):
        write_secret(path, new_key("bank.example/witness"))
    for wrong in ("", "{}", "[]", '{"name":"a b","ed25519":"","ml_dsa_44":""}'):
        with pytest.raises(MalformedKey):
            read_key(wrong)
    with pytest.raises(MalformedKey):
        new_key("a name with spaces")


def test_logs_are_read_as_keys_or_from_a_policy() -> None:
    assert read_logs(f"{SIGNER.verifier}\n\n# x\nlog {STRANGER.verifier}\nquorum none\n") == [
        SIGNER.verifier,
        STRANGER.verifier,
    ]
    for wrong in ("", "# nothing\n", "nonsense", str(BANK.verifiers[0])):
        with pytest.raises(MalformedKey):
            read_logs(wrong)


def test_a_request_is_read_by_another_implementation() -> None:
    """The lines as the specification shows them, taken apart by hand."""
    lines = request(40, 60).decode().split("\n")
    assert lines[0] == "old 40"
    gap = lines.index("")
    assert lines[1:gap] == [b64encode(value).decode() for value in proof(40, 60)]
    assert lines[gap + 1 : gap + 3] == [ORIGIN, "60"]
    assert lines[gap + 4] == ""
    assert lines[gap + 5].startswith(f"— {ORIGIN} ")


def test_a_witness_runs_without_database_or_settings() -> None:
    program = (
        "import sys; import app.audit.witness_server;"
        "barred = {'sqlalchemy', 'psycopg', 'pydantic', 'fastapi', 'httpx', 'structlog', 'typer', 'app.settings'};"
        "sys.exit(sorted(barred & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_commands_make_a_key_show_it_and_never_lose_it(tmp_path: Path) -> None:
    key, state = str(tmp_path / "key"), str(tmp_path / "state")
    made = CliRunner().invoke(commands, ["new-key", "bank.example/witness", key])
    assert made.exit_code == 0, made.output
    shown = CliRunner().invoke(commands, ["key", "--key", key])
    assert shown.output == made.output
    assert [str(witness_key(line)) for line in shown.output.split()] == shown.output.split()
    for arguments in (
        ["new-key", "bank.example/witness", key],
        ["new-key", "a name", str(tmp_path / "other")],
        ["key", "--key", str(tmp_path / "absent")],
        ["serve", "--key", key, "--logs", key, "--state", state],
    ):
        assert CliRunner().invoke(commands, arguments).exit_code == 2, arguments
