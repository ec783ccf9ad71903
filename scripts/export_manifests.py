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

# hidden, intermediate, layers, heads, key-value heads, head dimension (the attention scalar is the same)
STACKS = {
    "s": (512, 1024, 8, 8, 8, 64),
    "b": (768, 2048, 12, 12, 12, 64),
    "l": (1024, 2816, 24, 16, 16, 64),
    "ml": (1152, 6912, 26, 4, 4, 256),
    "xl": (2048, 5120, 24, 32, 32, 64),
    "2b": (2304, 9216, 26, 8, 4, 256),
    "9b": (3584, 14336, 42, 16, 8, 256),
}

PARAMETERS = {
    "s-s": 312_517_632,
    "b-b": 591_490_560,
    "l-l": 1_241_761_792,
    "ml-ml": 2_200_345_344,
    "xl-xl": 3_766_980_608,
    "2b-2b": 5_596_853_760,
    "9b-2b": 12_292_375_296,
    "9b-9b": 20_333_401_088,
}

WRITTEN_CONFIGS = ("b-b", "9b-2b")


def published_config(size):
    """The configuration of a published size, written ENCODER-DECODER."""
    encoder, decoder = (_stack(part) for part in size.split("-"))
    return T5GemmaConfig(encoder=encoder, decoder=decoder)


def _stack(size):
    hidden, intermediate, layers, heads, kv_heads, head_dim = STACKS[size]
    return {
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head_dim,
        "query_pre_attn_scalar": head_dim,
    }


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
