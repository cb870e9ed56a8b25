"""The executable `anndata-cache`: it decodes what no tier has, in a process of its own.

A crash of the decoder, or the memory that a load takes, is never the caller's. One run brings several elements; the
caller goes on as soon as they are sealed, while the executable writes the cold copies behind it, or builds a twin.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os

from .._errors import ExecutableMissing, LoaderFailed, from_exit_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from typing import Any, BinaryIO, Iterable

_NAME = "anndata-cache"
_finishing: list[subprocess.Popen[bytes]] = []
"""Runs that nobody waits for, since they have answered and write cold copies, or build a twin: forgotten at exit; never ended."""


def _forget() -> None:
    """Without a warning of processes that nobody has waited for: these end by themselves."""
    for process in _finishing:
        process.returncode = 0
    _finishing.clear()


def _forget_ended() -> None:
    _finishing[:] = [process for process in _finishing if process.poll() is None]


os.register_at_fork(after_in_child=_forget)  # a child must not wait for its parent's processes
atexit.register(_forget)


def executable() -> str:
    """Path of the executable: `ANNDATA_CACHE_EXECUTABLE`, else the one that the wheel carries, else the PATH's.

    Raises
    ------
    ExecutableMissing
        There is none, or it may not be run.
    """
    chosen = os.environ.get("ANNDATA_CACHE_EXECUTABLE")
    carried = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin", _NAME)
    if not chosen and os.path.isfile(carried):
        chosen = carried
    if chosen:
        if os.path.isfile(chosen) and os.access(chosen, os.X_OK):
            return chosen
        problem = "may not be run" if os.path.exists(chosen) else "does not exist"
        raise ExecutableMissing(f"The executable '{chosen}' {problem}. Correct ANNDATA_CACHE_EXECUTABLE, or install the package again.")
    import shutil
    found = shutil.which(_NAME)
    if found is None:
        raise ExecutableMissing(
            f"There is no executable '{_NAME}': set ANNDATA_CACHE_EXECUTABLE to its path, or put its folder on the PATH.")
    return found


def load(source: str, elements: list[str], strict: bool = False, twin: bool = False) -> dict[str, dict[str, Any]]:
    """Bring elements of a source into the store; of those that others load at the same time, wait for their parts.

    Parameters
    ----------
    source
        Path of the source.
    elements
        Their paths. The first is the one that is needed now.
    strict
        Whether all of them are.
    twin
        Whether to build the twins of sparse matrices among them too, and to wait for them.

    Returns
    -------
    dict
        What the executable says of each element, up to the first that failed: `file`, `tier`, `bytes`, `result`.

    Raises
    ------
    CacheError
        What is needed failed, by its kind.
    """
    needed = len(elements) if strict else 1
    if twin:
        answers = _answers(["load", "--json", "--twin", "--", source, *elements], None, 0)
    else:
        answers = _answers(["load", "--json", "--", source, *elements], len(elements), needed)
    return {answer["element"]: answer for answer in answers if "derived" not in answer}


def begin_twin(source: str, element: str) -> None:
    """Have the twin of a sparse matrix built behind the caller's back. Of many processes that ask, one builds it.

    Where that cannot be (no executable, no room) slices go on being scanned: nothing is raised, and nothing said.
    """
    import subprocess
    _forget_ended()
    with contextlib.suppress(ExecutableMissing, OSError):
        _finishing.append(subprocess.Popen(
            [executable(), "load", "--json", "--twin", "--", source, element],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


def load_tree(source: str) -> None:
    """Bring the tree of a source's elements into the store, which any look at it does."""
    call(["inspect", "--json", "--", source])


def load_all(source: str, twin: bool = False) -> list[dict[str, Any]]:
    """Bring everything that can be read into the store. Elements that cannot are answered with `result: refused`."""
    return list(_answers(["load", "--json", "--all", *(["--twin"] if twin else []), "--", source], None, 0, tolerated=(11,)))


def call(verb: list[str], stdin: Iterable[Any] | None = None) -> bytes:
    """Run another verb to its end, and return what it writes."""
    process, errors = _start(verb, piped=stdin is not None)
    assert process.stdout is not None
    try:
        if stdin is not None:
            _feed(process, stdin)
        output = process.stdout.read()
        if process.wait() != 0:
            raise _failure(process, errors, output.splitlines())
        return output
    except BaseException:
        _end(process)  # nothing of it is left in the store: an unfinished part has a dead owner
        raise
    finally:
        _close(process, errors)


def flush() -> None:
    """Wait until the cold copies of what this process has loaded are written, and twins that it has begun are built."""
    while _finishing:
        _finishing.pop().wait()


def _answers(verb: list[str], wanted: int | None, needed: int, tolerated: tuple[int, ...] = ()) -> Iterable[dict[str, Any]]:
    process, errors = _start(verb)
    assert process.stdout is not None
    lines: list[bytes] = []
    answers: list[dict[str, Any]] = []
    try:
        for line in process.stdout:
            lines.append(line)
            answer = json.loads(line)
            if "element" in answer:
                answers.append(answer)
            if len(answers) == wanted:
                _finishing.append(process)
                return answers
        code = process.wait()
        if not (code in (0, *tolerated) if wanted is None else len(answers) >= needed):
            raise _failure(process, errors, lines)
        return answers
    except BaseException:
        _end(process)
        raise
    finally:
        _close(process, errors)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


def _close(process: subprocess.Popen[bytes], errors: BinaryIO | None) -> None:
    assert process.stdout is not None
    process.stdout.close()
    if errors is not None:
        errors.close()


def _start(verb: list[str], piped: bool = False) -> tuple[subprocess.Popen[bytes], BinaryIO | None]:
    import subprocess
    _forget_ended()
    path = executable()
    # Progress is for a terminal; what else is said there is kept for the message, in memory, so that no pipe can fill.
    errors = None if os.isatty(2) else open(os.memfd_create("anndata-cache"), "w+b")
    try:
        return subprocess.Popen(
            [path, *verb], stdin=subprocess.PIPE if piped else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
        ), errors
    except OSError as error:
        raise ExecutableMissing(
            f"The executable '{path}' cannot be run: {error.strerror}. Install it again, or correct ANNDATA_CACHE_EXECUTABLE.") from error


def _feed(process: subprocess.Popen[bytes], pieces: Iterable[Any]) -> None:
    assert process.stdin is not None
    try:
        with process.stdin as stdin:
            for piece in pieces:
                stdin.write(piece)
    except BrokenPipeError:
        pass  # it has said why


def _failure(process: subprocess.Popen[bytes], errors: BinaryIO | None, lines: list[bytes]) -> Exception:
    for line in reversed(lines):
        try:
            said = json.loads(line).get("error")
        except (ValueError, AttributeError):
            continue
        if said:
            return from_exit_code(int(said["number"]), said["message"])
    text = ""
    if errors is not None:
        errors.seek(0)
        text = errors.read(4000).decode(errors="replace").strip()
    ended = f"was ended by signal {-process.returncode}" if process.returncode < 0 else f"ended with {process.returncode} and no answer"
    return LoaderFailed(f"The executable '{executable()}' {ended}. Ask again. {text}".strip())
