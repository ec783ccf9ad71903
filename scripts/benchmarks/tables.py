"""Tables of what compare.py has measured, and the sections of files that carry them."""

import datetime
import re
import statistics

OWN = "ours"
TIME = {"encode": ("seconds", "encode"), "decode": ("rates", "decode_ms_per_token"), "train": ("seconds", "step"), "load": ("seconds", "load")}
MILLISECONDS = {"seconds": 1000, "rates": 1}
UNIT = {"encode": "ms", "decode": "ms a token", "train": "ms a step", "load": "ms"}
SPEED = (("decode_gb_per_second", "GB/s"), ("tflops", "TFLOP/s"), ("load_gb_per_second", "GB/s"))
WORK = ("step_bytes", "flops", "checkpoint_bytes")
FORMS = ("full", "short")


def milliseconds(what, found):
    """The time that a case is about."""
    part, name = TIME[what]
    value = found[part][name]
    return (value["median"] if isinstance(value, dict) else value) * MILLISECONDS[part]


def differences(sides):
    """In what the sides did other work: a message, or None."""
    for name in WORK:
        counts = {side: found["rates"][name] for side, found in sides.items() if found and name in found["rates"]}
        if name != "checkpoint_bytes" and counts and max(counts.values()) - min(counts.values()) > 1e-6 * max(counts.values()):
            return f"{name} differ: {counts}"
    return None


def full(measured):
    """A row for each side of each case."""
    lines = [
        "| case | side | time | of ours | speed | of the device's | first token ms | GiB held | allocated |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case, sides in measured:
        own = sides.get(OWN)
        for side, found in sides.items():
            lines.append("| " + " | ".join([case.name if side == OWN else "", side, *(_cells(case, own, found) if found else ["failed", *[""] * 6])]) + " |")
    return lines


def short(measured):
    """A row for each case: times, and how many times ours they are."""
    peers = list(dict.fromkeys(side for _, sides in measured for side in sides if side != OWN))
    lines = [f"| | {' | '.join([OWN, *peers])} | speed | of the device's |", "|---" * (len(peers) + 4) + "|"]
    for case, sides in measured:
        own = sides.get(OWN)
        times = [_short_time(case, own, sides.get(side)) if side in sides else "" for side in peers]
        time = f"{_number(milliseconds(case.what, own))} {UNIT[case.what]}" if own else "failed"
        lines.append(f"| {case.name} | {time} | {' | '.join([*times, *(_speed(own) if own else ['', ''])])} |")
    return lines


def notes(measured, command):
    """Where, with what and how it was measured, and what did not run as it should."""
    reports = {side: found for _, sides in measured for side, found in sides.items() if found}
    lines = []
    for program in dict.fromkeys(_versions(found) for found in reports.values()):
        lines.append(f"{program}  ")
    machine = next(iter(reports.values()))["machine"]
    lines.append(f"{datetime.date.today()} · {machine['device']}, {machine['processor']}, {machine['cores']} cores · random weights of the published shapes")
    limits = [found["rates"] for _, sides in measured for found in sides.values() if found and "device_copy_gb_per_second" in found["rates"]]
    if limits:
        copied, multiplied = (statistics.median(rates[name] for rates in limits) for name in ("device_copy_gb_per_second", "device_matmul_tflops"))
        lines += ["", f"The device in the same runs: copies {copied:,.0f} GB/s (read and written), multiplies bfloat16 matrices of 8192 x 8192 at {multiplied:,.0f} TFLOP/s."]
    for case, sides in measured:
        for side, found in sides.items():
            for work in ("encoding", "decoding"):
                if found and (found.get(work) or {}).get("reason"):
                    lines += ["", f"{case.name}, {side}: {work} by {found[work]['engine']}: {found[work]['reason']}."]
        if differences(sides):
            lines += ["", f"{case.name}: {differences(sides)}."]
    return [*lines, "", f"    {command}"]


def section(form, measured, command):
    """What stands between the marks of a file."""
    return "\n".join([*notes(measured, command), "", *(full if form == "full" else short)(measured)])


def replace(text, suite, measured, command):
    """A file's text with its sections of a suite written anew."""
    count = 0
    for form in FORMS:
        pattern = re.compile(rf"(<!-- measured:{form} {re.escape(suite)} -->\n).*?(<!-- /measured -->)", re.DOTALL)
        text, found = pattern.subn(lambda match: f"{match[1]}\n{section(form, measured, command)}\n\n{match[2]}", text)
        count += found
    if count == 0:
        raise ValueError(f"expected a line <!-- measured:full {suite} --> or <!-- measured:short {suite} --> and after it <!-- /measured -->, got none")
    return text


def _cells(case, own, found):
    rates = found["rates"]
    time = milliseconds(case.what, found)
    ratio = f"{time / milliseconds(case.what, own):.2f}" if own and own is not found else ""
    return [f"{_number(time)} {UNIT[case.what]}", ratio, *_speed(found), *(_optional(rates.get(name)) for name in ("first_token_ms", "device_gib", "allocated_gib"))]


def _short_time(case, own, found):
    if not found:
        return "failed"
    time = milliseconds(case.what, found)
    return f"{_number(time)} ({time / milliseconds(case.what, own):.1f} x)" if own else _number(time)


def _speed(found):
    rates = found["rates"]
    share = rates.get("copy_share", rates.get("matmul_share"))
    speed = next((f"{_number(rates[name])} {unit}" for name, unit in SPEED if name in rates), "")
    return [speed, "" if share is None else f"{100 * share:.0f} %"]


def _versions(found):
    versions = found["versions"]
    cuda = ", ".join(f"{label} {versions[name]}" for name, label in (("driver", "driver"), ("cuda", "CUDA"), ("nvrtc", "NVRTC")) if versions.get(name))
    return ", ".join(filter(None, [versions["program"], versions["runtime"], f"torch {versions['torch']}", cuda]))


def _optional(value):
    return "" if value is None else _number(value)


def _number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 100 else f"{value:.0f}"
