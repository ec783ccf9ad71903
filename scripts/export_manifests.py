#!/usr/bin/env python3
"""Writes what transformers makes of configurations: tensor manifests of the published sizes, and resolved configurations.

    python scripts/export_manifests.py --manifests DIR    SIZE.txt: names and shapes of all tensors in a saved file
    python scripts/export_manifests.py --configs DIR      b-b.v5.json and 9b-2b.v5.json as transformers writes them;
                                                          NAME.expected.json for every NAME.json in DIR: the
                                                          configuration that transformers holds after reading it

Manifests come from models on the meta device, so the largest needs no memory. A total that differs from the published
count fails.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers
from transformers import T5GemmaConfig, T5GemmaForConditionalGeneration

from reference.published import PARAMETERS, published_config

WRITTEN_CONFIGS = ("b-b", "9b-2b")


def saved_shapes(model):
    """Names and shapes as save_pretrained stores them: a tied head is stored once, as the decoder's embedding."""
    tied = set(model._tied_weights_keys or ()) if model.config.tie_word_embeddings else set()
    return {name: list(tensor.shape) for name, tensor in sorted(model.state_dict().items()) if name not in tied}


def write_manifest(directory, size):
    """Writes SIZE.txt; true when the number of parameters is the published one."""
    with torch.device("meta"):
        shapes = saved_shapes(T5GemmaForConditionalGeneration(published_config(size)))
    total = sum(torch.Size(shape).numel() for shape in shapes.values())
    lines = [f"# t5gemma {size}: {len(shapes)} tensors, {total} parameters", *(f"{name}\t{shape}" for name, shape in shapes.items())]
    (directory / f"{size}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    good = total == PARAMETERS[size]
    print(f"{size}: {len(shapes)} tensors, {total:,} parameters, {'as published' if good else f'published: {PARAMETERS[size]:,}'}")
    return good


def write_configs(directory):
    """Writes the configurations of this transformers, then what it resolves every file of the directory to."""
    for size in WRITTEN_CONFIGS:
        config = published_config(size)
        config.architectures = ["T5GemmaForConditionalGeneration"]
        config.dtype = torch.bfloat16
        with tempfile.TemporaryDirectory() as folder:
            config.save_pretrained(folder)
            (directory / f"{size}.v5.json").write_bytes((Path(folder) / "config.json").read_bytes())
    for path in sorted(directory.glob("*.json")):
        if path.name.endswith(".expected.json"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.json").write_bytes(path.read_bytes())
            resolved = T5GemmaConfig.from_pretrained(folder).to_dict()
        text = json.dumps(resolved, indent=2, sort_keys=True, default=str)
        path.with_suffix(".expected.json").write_text(text + "\n", encoding="utf-8")
        print(f"{path.name}: resolved")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifests", type=Path, metavar="DIR", help="write the manifests of all published sizes")
    parser.add_argument("--configs", type=Path, metavar="DIR", help="write and resolve configurations")
    arguments = parser.parse_args()
    if not arguments.manifests and not arguments.configs:
        parser.error("nothing to do: give --manifests, --configs or both")
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    good = True
    if arguments.configs:
        arguments.configs.mkdir(parents=True, exist_ok=True)
        write_configs(arguments.configs)
    if arguments.manifests:
        arguments.manifests.mkdir(parents=True, exist_ok=True)
        good = all([write_manifest(arguments.manifests, size) for size in PARAMETERS])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
