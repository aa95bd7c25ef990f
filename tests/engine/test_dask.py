"""A Dask cluster: who is let in, and what happens when workers die. Skipped without Dask."""

import os
import random
import signal
import socket
import ssl
import stat
import threading
import time
import warnings

import pytest

from heliid.engine.cluster_security import (
    CA,
    Credentials,
    address_of,
    commands,
    find_credentials,
    make_certificates,
)
from heliid.engine.protocol import EngineError, Task
from heliid.engine.serial import SerialEngine
from heliid.events import never


def task(key, fn, *args):
    return Task(key, f"engine_tasks:{fn}", args)


def run(engine, tasks, should_stop=never):
    results = []
    engine.run(tasks, on_result=results.append, should_stop=should_stop)
    assert len({one.key for one in results}) == len(results)
    return {one.key: one for one in results}


# who is let in


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "tcp://example.org", "tcp://[2001::1]"])
def test_another_machine_without_encryption_is_refused(address):
    with pytest.raises(EngineError, match="not encrypted"):
        address_of(address, None)


def test_addresses_are_completed(tmp_path):
    own = Credentials(tmp_path)
    assert address_of("localhost", None) == "tcp://localhost:8786"
    assert address_of("127.0.0.1:99", None) == "tcp://127.0.0.1:99"
    assert address_of("10.0.0.5", own) == "tls://10.0.0.5:8786"
    assert address_of("tls://[::1]:5", own) == "tls://[::1]:5"


@pytest.mark.parametrize("address", ["", "ftp://x", "tls://", "tcp://localhost:99999"])
def test_what_is_no_address_is_said(address):
    with pytest.raises(EngineError, match=r"write tls://HOST:PORT|certificates"):
        address_of(address, None)


def test_encryption_without_certificates_is_refused():
    with pytest.raises(EngineError, match="heliid cluster init"):
        address_of("tls://10.0.0.5", None)


def test_a_folder_without_certificates_is_said(tmp_path):
    with pytest.raises(EngineError, match=f"There is no {CA}"):
        find_credentials(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    pytest.importorskip("cryptography", reason="cryptography is missing: heliid[cluster]")
    return make_certificates(tmp_path_factory.mktemp("own"), ["node1", "10.0.0.5"])


def test_certificates_are_private_and_made_once(made):
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert find_credentials(made.folder) == made
    assert not list(made.folder.glob("*authority*"))
    with pytest.raises(EngineError, match="already holds certificates"):
        make_certificates(made.folder)
    scheduler, workers, search = commands(made, "node1")
    assert "tls://node1:8786" in scheduler
    assert str(made.key) in workers
    assert "--cluster tls://node1:8786" in search


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_a_key_that_others_can_read_is_refused(made):
    made.key.chmod(0o644)
    try:
        with pytest.raises(EngineError, match="chmod 600"):
            find_credentials(made.folder)
    finally:
        made.key.chmod(0o600)


def test_missing_dask_is_one_sentence(monkeypatch):
    import sys

    from heliid.engine.dask_engine import DaskEngine

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"pip install 'heliid\[cluster\]'"):
        DaskEngine("localhost:1")


# a cluster

pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's own


@pytest.fixture(scope="module")
def cluster(made):
    distributed = pytest.importorskip("distributed", reason="Dask is missing: heliid[cluster]")
    import dask

    roles = {}
    for role in ("client", "scheduler", "worker"):
        roles |= made.for_dask(role)
    security = distributed.Security(require_encryption=True, **roles)
    with warnings.catch_warnings(), dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        warnings.simplefilter("ignore")
        found = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, security=security,
            protocol="tls://", dashboard_address=None, silence_logs=50,
        )  # fmt: skip
        yield found
        found.close(timeout=10)


@pytest.fixture
def engine(cluster, made):
    from heliid.engine.dask_engine import DaskEngine

    one = DaskEngine(cluster.scheduler_address, made)
    yield one
    one.close()


@pytest.mark.slow
def test_values_errors_and_setups_are_as_in_one_process(engine):
    engine.setup("engine_tasks:remember", ("size", 7))
    tasks = [task(k, "square", k) for k in range(12)]
    tasks += [task(20, "fail", "no data"), task(21, "recall", "size")]
    found = run(engine, tasks)
    assert {k: found[k].value for k in range(12)} == {k: k * k for k in range(12)}
    assert (found[20].status, found[20].reason) == ("error", "ValueError: no data")
    assert found[21].value == (7, 1)
    engine.setup("engine_tasks:remember", ("size", 8))
    assert run(engine, [task(0, "recall", "size")])[0].value[0] == 8


@pytest.mark.slow
def test_a_source_may_wait_for_results(engine):
    seen = []

    def source():
        for key in range(6):
            while len(seen) < key - 1:
                yield None
            yield task(key, "square", key)

    engine.run(source(), on_result=seen.append, should_stop=never)
    assert sorted(one.key for one in seen) == list(range(6))


@pytest.mark.slow
def test_a_source_that_waits_for_nothing_is_an_error(engine):
    with pytest.raises(RuntimeError, match="no task is under way"):
        run(engine, iter([None]))


@pytest.mark.slow
def test_a_stop_is_heard_at_once(engine):
    began = time.monotonic()
    tasks = [task(k, "slow_square", k, 2.0) for k in range(6)]
    found = run(engine, tasks, lambda: time.monotonic() - began > 0.3)
    assert time.monotonic() - began < 1.9
    assert {one.status for one in found.values()} == {"cancelled"}


@pytest.mark.slow
def test_a_task_that_ends_its_worker_is_found_and_the_others_are_not_blamed(engine):
    tasks = [task(k, "square", k) for k in range(8)]
    tasks.insert(3, task(99, "leave_abruptly"))
    found = run(engine, tasks)
    assert found[99].status == "died"
    assert {k: found[k].value for k in range(8)} == {k: k * k for k in range(8)}


@pytest.mark.slow
def test_workers_killed_at_random_change_no_result(engine, cluster):
    tasks = [task(k, "slow_square", k, 0.05) for k in range(60)]
    wanted = {k: one.value for k, one in run(SerialEngine(), tasks).items()}
    over = threading.Event()
    rng, killed = random.Random(3), []

    def shoot():
        while not over.wait(1.0) and len(killed) < 3:
            pids = [p for p in (n.process.pid for n in cluster.workers.values() if n.process) if p]
            if pids:
                killed.append(rng.choice(pids))
                os.kill(killed[-1], signal.SIGKILL)

    shooter = threading.Thread(target=shoot)
    shooter.start()
    try:
        found = run(engine, tasks)
    finally:
        over.set()
        shooter.join()
    assert killed
    assert {k: one.value for k, one in found.items()} == wanted


@pytest.mark.slow
@pytest.mark.parametrize("who", ["plain", "foreign", "without a certificate"])
def test_strangers_are_refused(cluster, made, tmp_path, who):
    import distributed

    address = cluster.scheduler_address
    security = None
    if who == "without a certificate":
        with pytest.raises(ssl.SSLError, match=r"(?i)certificate required|handshake|alert"):
            bare_client(address, made.ca)
        return
    if who == "plain":
        address = address.replace("tls://", "tcp://")
    else:
        other = make_certificates(tmp_path / "other")
        security = distributed.Security(require_encryption=True, **other.for_dask("client"))
    # the connection is closed, times out or fails its handshake; a plain client may be told nothing
    with pytest.raises((OSError, TimeoutError, RuntimeError)):
        distributed.Client(address, security=security, timeout=3, set_as_default=False)


def bare_client(address, ca):
    """What a scheduler says to one who trusts it but shows no certificate."""
    host, _, port = address.removeprefix("tls://").rpartition(":")
    context = ssl.create_default_context(cafile=str(ca))
    context.check_hostname = False
    with (
        socket.create_connection((host, int(port)), timeout=3) as plain,
        context.wrap_socket(plain) as line,
    ):
        return line.recv(1)  # TLS 1.3 tells only now


@pytest.mark.slow
def test_an_address_where_nobody_listens_is_one_sentence(monkeypatch):
    pytest.importorskip("distributed")
    from heliid.engine import dask_engine

    monkeypatch.setattr(dask_engine, "CONNECT_S", 1.0)
    with pytest.raises(EngineError, match="cannot be reached"):
        dask_engine.DaskEngine("127.0.0.1:9")


@pytest.mark.slow
def test_a_cluster_that_goes_silent_is_left_and_the_work_is_done_here(cluster, made):
    from heliid.engine.dask_engine import DaskEngine

    said = []
    engine = DaskEngine(
        cluster.scheduler_address, made, say=said.append, fallback=SerialEngine, stall_s=1.5
    )
    engine.setup("engine_tasks:remember", ("size", 7))
    try:
        engine._client.submit = _never_done(engine._client)
        found = run(engine, [*(task(k, "square", k) for k in range(5)), task(9, "recall", "size")])
    finally:
        engine.close()
    assert [found[k].value for k in range(5)] == [0, 1, 4, 9, 16]
    assert found[9].value[0] == 7
    assert len(said) == 1
    assert "runs on this machine" in said[0]


def _never_done(client):
    submit = client.submit

    def hang(fn, *args, **options):
        return submit(time.sleep, 4.0, key=options["key"], pure=False)

    return hang
