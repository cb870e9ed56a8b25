"""The README's code runs as it stands: each block by itself, the dashboards in real workers."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

import pytest
from conftest import EXECUTABLE, REPOSITORY, SOURCE, run_python

BLOCKS = re.findall(r"```python\n(.*?)```", (REPOSITORY / "python" / "README.md").read_text(encoding="utf-8"), re.DOTALL)
STANDINS = REPOSITORY / "python" / "tests" / "standins"
DASH = next(block for block in BLOCKS if "from dash" in block)
STREAMLIT = next(block for block in BLOCKS if "import streamlit" in block)


def paths():
    return os.pathsep.join([str(SOURCE), str(STANDINS)])


PLAIN = [block for block in BLOCKS if block not in (DASH, STREAMLIT)]


@pytest.mark.parametrize("block", PLAIN, ids=lambda block: block.splitlines()[-1][:40])
def test_a_block_runs(block, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    done = run_python(block, PYTHONPATH=paths())
    assert done.returncode == 0, done.stderr


def test_the_dash_recipe_serves_from_forked_workers_and_survives_a_kill(tmp_path, monkeypatch):
    for package in ("gunicorn", "flask"):
        if subprocess.run([sys.executable, "-c", f"import {package}"], capture_output=True).returncode:
            pytest.skip(f"{package} is missing")
    (tmp_path / "app.py").write_text(DASH, encoding="utf-8")
    shutil.copytree(REPOSITORY / "samples", tmp_path / "samples", ignore=shutil.ignore_patterns("*.cs", "bin", "obj"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--preload", "--workers", "4", "--bind", f"127.0.0.1:{port}", "--log-level", "error",
         "--graceful-timeout", "2", "app:server"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths()})
    try:
        first = ask(port, "/layout", patience=60)
        assert "Dropdown" in first[1]
        genes = gene_names(tmp_path)
        answers = [ask(port, "/means.children?" + urllib.parse.urlencode({"gene.value": gene})) for gene in genes[:5] * 8]
        processes = {process for process, _ in answers}
        assert len(processes) > 1, "one worker has answered everything"
        assert [answer for _, answer in answers] == [answer for _, answer in answers[:5]] * 8, "workers answer differently"
        os.kill(processes.pop(), signal.SIGKILL)
        assert json.loads(ask(port, "/means.children?" + urllib.parse.urlencode({"gene.value": genes[0]}), patience=30)[1])
        stats = json.loads(subprocess.run([EXECUTABLE, "stats", "--json"], capture_output=True, text=True, check=True).stdout)
        assert stats["hot"]["loads"] == 4, "the tree, X, obs and var, once each"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()  # its workers end when they see that it is gone
            server.wait(10)


def test_the_streamlit_recipe_runs_in_sessions_side_by_side(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.syspath_prepend(str(STANDINS))
    import streamlit
    shown, failed = [], []

    def session():
        try:
            exec(compile(STREAMLIT, "page.py", "exec"), {"__name__": "__main__"})
            shown.append([str(one) for one in streamlit.shown()])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=session) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == [] and len(shown) == 8 and all(one == shown[0] for one in shown) and "Monocyte" in shown[0][0]


def ask(port, path, patience=10.0):
    """What a worker answers: its process, and the value. A worker that is gone is replaced meanwhile."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return json.load(answer)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def gene_names(folder):
    import anndata_cache
    return anndata_cache.open(folder / "samples" / "pbmc-like.h5ad").var_names.tolist()
