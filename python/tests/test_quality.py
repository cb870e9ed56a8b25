"""Types are checked, every public name is documented, and files and folders stay small."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys

import anndata_cache
import pytest
from conftest import REPOSITORY

PYTHON = REPOSITORY / "python"
FILES = sorted([
    *PYTHON.glob("src/**/*.py"), *PYTHON.glob("tests/**/*.py"), *PYTHON.glob("*.py"), *(REPOSITORY / "bench").glob("python_*.py")])


def test_types_are_right(tmp_path):
    if subprocess.run([sys.executable, "-c", "import mypy"], capture_output=True).returncode:
        pytest.skip("mypy is missing")
    done = subprocess.run([sys.executable, "-m", "mypy", "--config-file", PYTHON / "pyproject.toml", "--cache-dir", tmp_path],
                          cwd=PYTHON, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_files_and_folders_stay_small():
    for file in FILES:
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 400, f"{file} has {len(lines)} lines"
        assert max(map(len, lines), default=0) <= 140, f"{file} has a line of more than 140 columns"
    for folder in {file.parent for file in FILES}:
        assert sum(one.is_file() for one in folder.iterdir()) <= 18, folder


def test_functions_stay_short():
    trees = {file.name: ast.parse(file.read_text(encoding="utf-8")) for file in FILES if "src" in file.parts}
    long = [f"{name}: {node.name}" for name, tree in trees.items() for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and _length(node) > 40]
    assert long == []


def test_every_public_name_is_documented():
    undocumented = [name for name in anndata_cache.__all__ if not _is_documented(getattr(anndata_cache, name))]
    from anndata_cache._values.arrow import ArrowElement
    layers = type(anndata_cache.CachedAnnData("").layers)
    for kind in (ArrowElement, anndata_cache.CachedAnnData, anndata_cache.Key, anndata_cache.Element, layers):
        undocumented += [f"{kind.__name__}.{name}" for name, member in vars(kind).items()
                         if not name.startswith("_") and (callable(member) or isinstance(member, property)) and not inspect.getdoc(member)]
    assert undocumented == []




def _is_documented(value):
    return bool(inspect.getdoc(value))


def _length(node):
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0
