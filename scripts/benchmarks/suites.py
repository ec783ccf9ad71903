"""Named lists of cases that compare.py measures in one run."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One setting of the verb `benchmark`, and the ways to run transformers that it is compared with."""

    what: str
    values: dict
    peers: tuple = ()
    flags: tuple = field(default=())

    @property
    def name(self):
        values = self.values
        shapes = values.get("preset") or values.get("model")
        batch, source = values.get("batch") or 1, values.get("source_length") or 512
        beams = f", {values['num_beams']} beams" if values.get("num_beams") else ""
        sizes = {
            "encode": f"{batch} x {source}",
            "decode": f"batch {batch}{beams}, source {source}",
            "train": f"{batch} x ({source} + {values.get('target_length') or source})",
        }
        return " ".join(filter(None, [self.what, shapes, sizes.get(self.what), *self.flags]))


def _decode(batch, *peers):
    return Case("decode", {"preset": "2b-2b", "batch": batch, "source_length": 512, "new_tokens": 256, "warmup": 1, "repeats": 1}, ("eager", *peers))


def _encode(batch, source_length):
    return Case("encode", {"preset": "2b-2b", "batch": batch, "source_length": source_length, "warmup": 3, "repeats": 10}, ("eager", "sdpa"))


def _train(preset):
    return Case("train", {"preset": preset, "batch": 8, "source_length": 512, "warmup": 2, "repeats": 5}, ("eager", "sdpa"))


SUITES = {
    "gpu": [
        _decode(1, "compile"),
        _decode(8),
        _decode(32),
        *(_encode(*shape) for shape in ((1, 512), (1, 4096), (8, 512))),
        *map(_train, ("b-b", "l-l")),
        Case("load", {"preset": "2b-2b", "warmup": 1, "repeats": 3}, ("eager",)),
    ],
    "quantized": [
        Case("decode", {"preset": "2b-2b", "batch": batch, "source_length": 512, "new_tokens": 256, "warmup": 1, "repeats": 3}, (), flags)
        for batch in (1, 8)
        for flags in ((), ("--quantize", "int8"), ("--quantize", "int4"))
    ],
    "smoke": [
        Case("decode", {"preset": "s-s", "source_length": 16, "new_tokens": 4, "repeats": 1}, ("eager",)),
        Case("encode", {"preset": "s-s", "batch": 2, "source_length": 16, "repeats": 1}, ("sdpa",)),
        Case("train", {"preset": "s-s", "source_length": 16, "repeats": 1}, ("eager",)),
        Case("load", {"preset": "s-s", "repeats": 1}, ("eager",)),
    ],
}
