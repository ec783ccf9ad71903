#!/usr/bin/env python3
"""Runs the verb `benchmark` and its peer on transformers for a list of cases, and prints one table with the ratios.

    python scripts/benchmarks/compare.py --suite gpu --device cuda --write README.md scripts/benchmarks/RESULTS.md
    python scripts/benchmarks/compare.py --suite gpu --device cuda --only "decode 2b-2b batch 1," --peer eager
    python scripts/benchmarks/compare.py decode --preset b-b --batch 1 8 --source-length 512 --new-tokens 64
    python scripts/benchmarks/compare.py train --preset b-b l-l --batch 8 --device cuda --peer sdpa
    T5GEMMA_PROGRAM="path/to/T5GemmaSharp.Training" python scripts/benchmarks/compare.py encode --preset s-s l-l

A suite is a list of cases in suites.py; without one, every combination of the values of --preset (or --model), --batch,
--source-length, --new-tokens and --num-beams is a case. Each side runs a case in a process of its own. The time is that of a
token (decode), a batch (encode), a step (train) or a folder (load); speeds are the bytes or operations that the shapes call
for (work.py) over that time, and their share is that of the device's own copies or products of matrices, measured by the same
process. --write puts the table between the marks of a file: <!-- measured:full SUITE --> or <!-- measured:short SUITE -->,
and <!-- /measured -->.

T5GEMMA_PROGRAM is the command that starts the program; by default it is built and started by the .NET SDK. Needs PyTorch and
transformers in the Python that runs this script.
"""

import argparse
import itertools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from suites import SUITES, Case
from tables import OWN, TIME, differences, full, notes, replace

ROOT = Path(__file__).resolve().parents[2]
PEER_PROGRAM = [sys.executable, str(ROOT / "scripts" / "benchmark.py")]
PEERS = {
    "eager": [],
    "sdpa": ["--attention", "sdpa"],
    "static": ["--cache", "static"],
    "compile": ["--cache", "static", "--compile"],
}
LISTED = ("preset", "model", "batch", "source_length", "new_tokens", "num_beams")
SINGLE = ("target_length", "micro_batch_size", "lora_r", "device", "dtype", "threads", "warmup", "repeats")


def own_program():
    """The command that starts this library's program."""
    given = os.environ.get("T5GEMMA_PROGRAM")
    if given:
        return [*shlex.split(given), "benchmark"]
    project = str(ROOT / "T5GemmaSharp.Training")
    subprocess.run(["dotnet", "build", project, "-c", "Release", "--nologo", "-v", "quiet"], check=True, stdout=sys.stderr)
    return ["dotnet", "run", "--project", project, "-c", "Release", "--no-build", "--", "benchmark"]


def run(program, arguments):
    """The report of one process, or None when it fails; its own words then go to standard error."""
    finished = subprocess.run([*program, *arguments, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if finished.returncode != 0:
        print(f"{shlex.join([*program, *arguments])}: exit code {finished.returncode}\n{finished.stderr[-2000:]}", file=sys.stderr)
        return None
    return json.loads(finished.stdout.strip().splitlines()[-1])


def options(values):
    """The command line of a setting."""
    return [word for name, value in values.items() if value is not None for word in (f"--{name.replace('_', '-')}", str(value))]


def cases(arguments):
    """What is measured: the cases of a suite, or every combination of the listed values."""
    single = {name: getattr(arguments, name) for name in SINGLE if getattr(arguments, name) is not None}
    if arguments.suite:
        for case in SUITES[arguments.suite]:
            peers = case.peers if arguments.peer is None else [peer for peer in case.peers if peer in arguments.peer]
            if not arguments.only or any(part in case.name for part in arguments.only):
                yield Case(case.what, {**case.values, **single}, tuple(peers), case.flags)
        return
    flags = ("--gradient-checkpointing",) if arguments.gradient_checkpointing else ()
    lists = [getattr(arguments, name) or [None] for name in LISTED]
    for values in itertools.product(*lists):
        yield Case(arguments.what, {**dict(zip(LISTED, values)), **single}, tuple(["eager"] if arguments.peer is None else arguments.peer), flags)


def measure(case, program, save, known):
    """The reports of all sides of a case; those that are known are not measured again."""
    line = [case.what, *options(case.values), *case.flags]
    sides = {}
    for side, command in {OWN: (program, line), **{peer: (PEER_PROGRAM, line + PEERS[peer]) for peer in case.peers}}.items():
        sides[side] = found = known.get((case.name, side)) or run(*command)
        if found and (case.name, side) not in known:
            save.write(json.dumps({"case": case.name, "side": side, **found}) + "\n")
            save.flush()
    return sides


def read(file):
    """The reports of an earlier call by case and side."""
    reports = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return {(report.pop("case"), report.pop("side")): report for report in reports}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=TIME)
    parser.add_argument("--suite", choices=SUITES, help="a named list of cases in place of the options for one")
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="of the suite, cases whose name has one of these in it")
    parser.add_argument("--preset", nargs="+", metavar="NAME")
    parser.add_argument("--model", nargs="+", metavar="DIR")
    for name in ("batch", "source-length", "new-tokens", "num-beams"):
        parser.add_argument(f"--{name}", nargs="+", type=int, metavar="N")
    for name in ("device", "dtype"):
        parser.add_argument(f"--{name}")
    for name in ("target-length", "micro-batch-size", "lora-r", "threads", "warmup", "repeats"):
        parser.add_argument(f"--{name}", type=int, metavar="N")
    parser.add_argument("--gradient-checkpointing", action="store_true", help="train: compute layers again in the backward pass")
    parser.add_argument("--peer", nargs="*", choices=PEERS, help="ways to run transformers (default: the suite's, or eager)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="also write every report as a line of JSON")
    parser.add_argument("--resume", action="store_true", help="go on from the reports in the file of --save, which an earlier call could not finish")
    parser.add_argument("--write", type=Path, nargs="+", default=[], metavar="FILE", help="write the table into these files, between the marks of the suite")
    arguments = parser.parse_args()
    if (arguments.what is None) == (arguments.suite is None):
        parser.error("expected what to measure, or --suite")
    if arguments.suite is None and (arguments.preset is None) == (arguments.model is None):
        parser.error("expected one of --preset and --model")
    if arguments.suite and any(getattr(arguments, name) is not None for name in LISTED):
        parser.error("--suite: its cases have their own shapes")
    if arguments.resume and not (arguments.save and arguments.save.is_file()):
        parser.error("--resume: expected with --save and a file that exists")
    if arguments.write and not arguments.suite:
        parser.error("--write: expected with --suite")
    return arguments


def main():
    arguments = parse()
    program = own_program()
    chosen = list(cases(arguments))
    if not chosen:
        raise SystemExit(f"--only: no case of {arguments.suite} has {arguments.only} in its name")
    measured = []
    known = read(arguments.save) if arguments.resume else {}
    with open(arguments.save or os.devnull, "a" if arguments.resume else "w", encoding="utf-8") as save:
        for case in chosen:
            print(case.name, file=sys.stderr, flush=True)
            measured.append((case, measure(case, program, save, known)))
    good = all(all(sides.values()) and not differences(sides) for _, sides in measured)
    if not any(found for _, sides in measured for found in sides.values()):
        return 1
    command = shlex.join(["python", "scripts/benchmarks/compare.py", *sys.argv[1:]])
    print("\n".join([*notes(measured, command), "", *full(measured)]))
    for file in arguments.write if good else []:
        file.write_text(replace(file.read_text(encoding="utf-8"), arguments.suite, measured, command), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
