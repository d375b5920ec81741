"""Processes of the hub on one machine: none outlives what started it."""

from pathlib import Path

from app.launcher import Service


def test_a_service_ends_when_its_starter_does(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "LIANDONG_DATA_DIR": str(tmp_path)}
    worker = Service("worker", ("worker",), environment, tmp_path / "worker.log")
    worker.start()
    assert worker.process is not None
    assert worker.process.stdin is not None
    assert worker.process.poll() is None

    worker.process.stdin.close()  # as the system does when the starter is killed

    worker.process.wait(60)
    assert worker.died()
    worker.stop()
