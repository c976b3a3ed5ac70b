"""The embedded server, started for real in temporary folders."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from hirocrm.config.embedded_postgres import (
    ClusterVersionMismatch,
    DatabaseUnreachable,
    DataDirectoryBusy,
    DataDirectoryNotWritable,
    DiskFull,
    RunningPostgres,
    StartFailed,
    check_server,
    connection_settings,
    ensure_running,
    hold_data_directory,
    start_throwaway,
)
from hirocrm.config.embedded_postgres.pidfile import is_alive

OWNER = """
import sys, time
from pathlib import Path
from hirocrm.config.embedded_postgres import start_throwaway
print(start_throwaway(Path(sys.argv[1])).pid, flush=True)
time.sleep(600)
"""

HOLDER = """
import sys, time
from pathlib import Path
from hirocrm.config.embedded_postgres import hold_data_directory
lock = hold_data_directory(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hirocrm-pg-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made_cluster() -> Iterator[Path]:
    """A stopped cluster to copy, since making one takes a second."""
    folder = Path(tempfile.mkdtemp(prefix="hirocrm-pg-"))
    start_throwaway(folder).stop()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def install(made_cluster: Path, data_dir: Path) -> Path:
    """A data directory with a stopped cluster in it, as a backup restored by this user would be."""
    shutil.copytree(made_cluster / "postgres", data_dir / "postgres")
    return data_dir


def ask(running: RunningPostgres, question: str) -> object:
    with psycopg.connect(running.url) as connection:
        row = connection.execute(question).fetchone()
    return row and row[0]


def eventually(condition: Callable[[], bool]) -> bool:
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.02)
    return False


def start_process(code: str, data_dir: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(data_dir)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


class TestEnsureRunning:
    def test_makes_a_durable_cluster_without_tcp(self, data_dir: Path) -> None:
        with ensure_running(data_dir) as running:
            assert running.owned
            assert ask(running, "SELECT current_setting('server_version_num')::int / 10000") == 18
            assert ask(running, "SELECT current_setting('listen_addresses')") == ""
            assert ask(running, "SELECT current_setting('fsync')") == "on"
            assert ask(running, "SELECT current_setting('max_connections')") == "120"
            assert ask(running, "SELECT current_setting('jit')") == "off"
            assert ask(running, "SELECT current_database()") == "hirocrm"
            assert (data_dir / "run").stat().st_mode & 0o777 == 0o700
            assert (data_dir / "postgres").stat().st_mode & 0o777 == 0o700
        assert not is_alive(running.pid)

    def test_attaches_to_a_running_one_and_leaves_it_running(self, install: Path) -> None:
        with start_throwaway(install) as first:
            second = ensure_running(install)
            second.stop()

            assert (second.owned, second.pid, second.url) == (False, first.pid, first.url)
            assert ask(first, "SELECT 1") == 1

    def test_keeps_what_was_written_over_a_restart(self, install: Path) -> None:
        with start_throwaway(install) as running, psycopg.connect(running.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")

        with start_throwaway(install) as running:
            assert ask(running, "SELECT seven FROM kept") == 7

    def test_knows_the_place_before_it_runs(self, install: Path) -> None:
        before = connection_settings(install)

        with start_throwaway(install) as running:
            url = f"postgresql://{before['USER']}@/{before['NAME']}?host={before['HOST']}&port={before['PORT']}"
            assert url == running.url
            assert connection_settings(install) == before

    def test_puts_the_socket_of_a_deep_folder_where_its_path_is_short(self, install: Path) -> None:
        deep = install / ("d" * 120)
        deep.mkdir()
        (install / "postgres").rename(deep / "postgres")
        socket_dir = Path(connection_settings(deep)["HOST"])

        with start_throwaway(deep) as running:
            assert ask(running, "SELECT 1") == 1
            assert socket_dir.parent == Path(tempfile.gettempdir())
            assert socket_dir.stat().st_mode & 0o777 == 0o700
        socket_dir.rmdir()

    def test_respects_settings_the_owner_wrote(self, install: Path) -> None:
        with (install / "postgres" / "postgresql.conf").open("a") as conf:
            conf.write("work_mem = '11MB'\n")

        with start_throwaway(install) as running:
            assert ask(running, "SELECT current_setting('work_mem')") == "11MB"

    def test_keeps_what_was_to_be_stored_out_of_its_log(self, install: Path) -> None:
        said = "Sige po, bukas na lang"

        with (
            start_throwaway(install) as running,
            psycopg.connect(running.url, autocommit=True) as connection,
        ):
            connection.execute("CREATE TABLE said (words text UNIQUE)")
            say = sql.SQL("INSERT INTO said VALUES ({})").format(said)
            connection.execute(say)
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute(say)

        log = (install / "postgres.log").read_text()
        assert "duplicate key value violates unique constraint" in log
        assert said not in log


class TestAfterAKill:
    def test_the_server_ends_with_its_killed_owner(self, install: Path) -> None:
        owner, pid = start_process(OWNER, install)
        assert is_alive(int(pid))

        kill(owner)

        assert eventually(lambda: not is_alive(int(pid)))

    def test_starts_right_after_the_owner_was_killed(self, install: Path) -> None:
        owner, _ = start_process(OWNER, install)

        kill(owner)
        with start_throwaway(install) as running:
            eventually(lambda: not running.is_alive or running.owned)
            assert running.owned

    def test_recovers_when_owner_and_server_were_killed(self, install: Path) -> None:
        owner, pid = start_process(OWNER, install)
        os.kill(owner.pid, signal.SIGSTOP)
        os.kill(int(pid), signal.SIGKILL)
        kill(owner)

        with start_throwaway(install) as running:
            assert running.pid != int(pid)
            assert ask(running, "SELECT 1") == 1

    def test_ignores_a_pid_file_whose_number_went_to_another_process(self, install: Path) -> None:
        pid_file = install / "postgres" / "postmaster.pid"
        pid_file.write_text(
            f"{os.getpid()}\n{install}/postgres\n0\n5432\n{install}/run\n\n\nready\n"
        )

        with start_throwaway(install) as running:
            assert running.owned
            assert ask(running, "SELECT 1") == 1

    def test_clears_a_half_made_cluster(self, data_dir: Path) -> None:
        (data_dir / "postgres.partial" / "base").mkdir(parents=True)

        with start_throwaway(data_dir) as running:
            assert ask(running, "SELECT 1") == 1
        assert not (data_dir / "postgres.partial").exists()


class TestRefusals:
    def test_another_major_version(self, install: Path) -> None:
        (install / "postgres" / "PG_VERSION").write_text("16\n")

        with pytest.raises(ClusterVersionMismatch, match=r"made by PostgreSQL 16 and this HiroCRM"):
            start_throwaway(install)

    def test_a_corrupt_cluster(self, install: Path) -> None:
        (install / "postgres" / "global" / "pg_control").unlink()

        with pytest.raises(
            StartFailed, match=r"didn't start \(could not find the database system\)"
        ):
            start_throwaway(install)

    def test_a_folder_that_cannot_be_made(self, data_dir: Path) -> None:
        (data_dir / "file").touch()

        with pytest.raises(DataDirectoryNotWritable, match=r"can't be written \(not a directory\)"):
            start_throwaway(data_dir / "file" / "data")

    def test_a_disk_without_room(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1_000_000)
        )

        with pytest.raises(DiskFull, match=r"^Only 1 MB are free for .* needs 150 MB"):
            start_throwaway(data_dir)

        assert not (data_dir / "postgres").exists()

    def test_a_socket_folder_that_is_a_link(self, install: Path) -> None:
        (install / "run").symlink_to(tempfile.gettempdir())

        with pytest.raises(DataDirectoryNotWritable):
            start_throwaway(install)


class TestHoldDataDirectory:
    def test_refuses_a_second_holder_and_names_the_first(self, data_dir: Path) -> None:
        holder, _ = start_process(HOLDER, data_dir)

        with pytest.raises(DataDirectoryBusy) as refusal:
            hold_data_directory(data_dir)

        kill(holder)
        assert refusal.value.details == {"pid": holder.pid}
        assert f"Another `hirocrm up` (pid {holder.pid}) holds" in refusal.value.sentence

    def test_is_free_again_after_its_holder_was_killed(self, data_dir: Path) -> None:
        holder, _ = start_process(HOLDER, data_dir)
        kill(holder)

        with hold_data_directory(data_dir) as lock:
            assert lock.holder() == os.getpid()


class TestCheckServer:
    def test_answers_the_major_version(self) -> None:
        assert check_server(os.environ["DATABASE_URL"]) >= 15

    def test_says_that_nothing_answers_without_the_password(self) -> None:
        with pytest.raises(DatabaseUnreachable) as refusal:
            check_server("postgresql://me:s3cret@127.0.0.1:1/none")

        assert "s3cret" not in refusal.value.sentence
        assert "check that it runs" in refusal.value.sentence
