#!/usr/bin/env python3
"""Runs the verb `benchmark` and its peer on transformers for a list of settings, and prints both sides with their ratios.

    python scripts/benchmarks/compare.py decode --preset b-b --batch 1 8 --source-length 512 --new-tokens 64
    python scripts/benchmarks/compare.py train --preset b-b l-l --batch 8 --device cuda --peer sdpa
    python scripts/benchmarks/compare.py decode --preset 2b-2b --device cuda --peer eager sdpa static compile
    T5GEMMA_PROGRAM="path/to/T5GemmaSharp.Training" python scripts/benchmarks/compare.py encode --preset s-s l-l

Every combination of the values of --preset (or --model), --batch, --source-length, --new-tokens and --num-beams is one
setting; each side runs it in a process of its own. T5GEMMA_PROGRAM is the command that starts the program; by default it is
built and started by the .NET SDK. Needs PyTorch and transformers in the Python that runs this script.
"""

import argparse
import itertools
import json
import math
import os
import shlex
import subprocess
import sys
from pathlib import Path

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
SHOWN = {
    "encode": {"encode s": ("seconds", "encode")},
    "decode": {"prefill s": ("seconds", "prefill"), "ms/token": ("rates", "decode_ms_per_token"), "total s": ("seconds", "total")},
    "train": {"step s": ("seconds", "step"), "device GiB": ("rates", "device_gib")},
    "load": {"load s": ("seconds", "load"), "first encode s": ("seconds", "first_encode")},
}


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


def settings(arguments):
    """Every combination of the listed values."""
    lists = [getattr(arguments, name) or [None] for name in LISTED]
    for values in itertools.product(*lists):
        yield {**dict(zip(LISTED, values)), **{name: getattr(arguments, name) for name in SINGLE}}


def figure(found, place):
    """A number of a report, the median where it has several; NaN where it was not measured."""
    value = found[place[0]].get(place[1], math.nan)
    return value["median"] if isinstance(value, dict) else value


def compare(arguments, program, values, save):
    """Prints a setting's table; true when every side has run."""
    line = [arguments.what, *options(values), *(["--gradient-checkpointing"] if arguments.gradient_checkpointing else [])]
    sides = {"own": run(program, line), **{f"hf {name}": run(PEER_PROGRAM, line + PEERS[name]) for name in arguments.peer}}
    for side, found in sides.items():
        if found and save:
            save.write(json.dumps({"side": side, **found}) + "\n")
            save.flush()
    print(" ".join(line))
    columns = SHOWN[arguments.what]
    print(f"  {'':<12}" + "".join(f"{name:>16}{'ratio':>8}" for name in columns))
    for side, found in sides.items():
        cells = "".join(f"{figure(found, place):>16.4f}{ratio(sides['own'], found, place):>8}" for place in columns.values()) if found else "  failed"
        print(f"  {side:<12}{cells}", flush=True)
    return all(sides.values())


def ratio(own, found, place):
    """How many times the own side's figure."""
    return "" if own is None or own is found else f"{figure(found, place) / figure(own, place):.2f}"


def describe(program, arguments):
    """A line about each side, from a run that is as small as can be."""
    small = {"preset": "s-s", "batch": 1, "source_length": 1, "warmup": 0, "repeats": 1, "device": arguments.device, "threads": arguments.threads}
    for name, command in [("own", program), ("hf", PEER_PROGRAM)][: 2 if arguments.peer else 1]:
        found = run(command, ["encode", *options(small)])
        if found:
            machine, versions, used = found["machine"], found["versions"], found["settings"]
            print(f"{name}: {versions['program']}, {versions['runtime']}, torch {versions['torch']}; {machine['device']}, {machine['cores']} cores, {used['threads']} threads")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=SHOWN)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--preset", nargs="+", metavar="NAME")
    source.add_argument("--model", nargs="+", metavar="DIR")
    for name in ("batch", "source-length", "new-tokens", "num-beams"):
        parser.add_argument(f"--{name}", nargs="+", type=int, metavar="N")
    for name in ("device", "dtype"):
        parser.add_argument(f"--{name}")
    for name in ("target-length", "micro-batch-size", "lora-r", "threads", "warmup", "repeats"):
        parser.add_argument(f"--{name}", type=int, metavar="N")
    parser.add_argument("--gradient-checkpointing", action="store_true", help="train: compute layers again in the backward pass")
    parser.add_argument("--peer", nargs="*", choices=PEERS, default=["eager"], help="ways to run transformers (default: eager)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="also write every report as a line of JSON")
    arguments = parser.parse_args()
    program = own_program()
    describe(program, arguments)
    good = True
    with open(arguments.save or os.devnull, "w", encoding="utf-8") as save:
        for values in settings(arguments):
            good &= compare(arguments, program, values, save)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
