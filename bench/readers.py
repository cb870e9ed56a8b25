#!/usr/bin/env python3
"""What readers of one part cost together, and how long the executable takes to answer.

    readers.py pss PART               the part's share of memory of 1, 2, 4, 8 and 16 processes that have read all of it
    readers.py answer EXECUTABLE FILE  start to end of a `load` that hits, and of `true`, in ms (median of 200, in turn)
"""
import json
import mmap
import os
import statistics
import subprocess
import sys
import time


def reader(part):
    with open(part, "rb") as file:
        memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    for at in range(0, len(memory), 4096):
        memory[at]
    print("read", flush=True)
    sys.stdin.readline()


def share(process, part):
    """Bytes of the part's proportional set size in a process."""
    inside, total = False, 0
    with open(f"/proc/{process}/smaps") as maps:
        for line in maps:
            if "-" in line.split(" ", 1)[0] and ":" not in line.split(" ", 1)[0]:
                inside = line.rstrip().endswith(part)
            elif inside and line.startswith("Pss:"):
                total += 1024 * int(line.split()[1])
    return total


def pss(part):
    found = {}
    for count in (1, 2, 4, 8, 16):
        readers = [
            subprocess.Popen([sys.executable, __file__, "reader", part], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)
        ]
        for one in readers:
            one.stdout.readline()
        found[count] = sum(share(one.pid, part) for one in readers)
        for one in readers:
            one.communicate(b"\n")
    return {"part": os.path.getsize(part), "pss": found}


def answer(executable, file):
    commands = {"hit": [executable, "load", file, "X", "--json"], "true": ["/bin/true"]}
    times = {name: [] for name in commands}
    for _ in range(200):
        for name, command in commands.items():
            start = time.perf_counter()
            pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
            os.waitpid(pid, 0)
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(values) for name, values in times.items()} | {"hit_best": min(times["hit"])}


if __name__ == "__main__":
    what = {"pss": pss, "answer": answer, "reader": reader}[sys.argv[1]](*sys.argv[2:])
    if what:
        print(json.dumps(what))
