#!/usr/bin/env python3
"""Checks that transformers loads a checkpoint folder and computes the outputs that are stored beside it.

The folder holds config.json, safetensors weights and expected.safetensors: the inputs of one forward pass (input_ids,
attention_mask, labels or decoder_input_ids, ...) and its outputs (logits, last_hidden_state, loss; at least one).
The model class is the first entry of `architectures`. transformers runs in float32 on CPU with eager attention and the
encoder window |q-k| < W. Missing, unexpected or mismatched tensors, or an error above the tolerance, end with exit code 1.

    python scripts/check_reference.py FOLDER [FOLDER ...] [--tolerance 2e-4]
"""

import argparse
import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

from reference import window

OUTPUTS = ("logits", "last_hidden_state", "loss")
EXPECTED = "expected.safetensors"


def model_class(folder):
    """The transformers class that config.json names."""
    architectures = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or []
    found = getattr(transformers, architectures[0], None) if architectures else None
    if found is None or not architectures[0].startswith("T5Gemma"):
        raise ValueError(f"{folder / 'config.json'}: architectures should name a T5Gemma class first, but is {architectures}")
    return found


def load(folder):
    """The model, and the loading faults by kind."""
    model, report = model_class(folder).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    return model.eval(), {kind: sorted(map(str, found)) for kind, found in report.items() if found}


@torch.no_grad()
def errors(model, stored):
    """The largest absolute error of every stored output."""
    expected = {name: stored[name] for name in OUTPUTS if name in stored}
    if not expected:
        raise ValueError(f"{EXPECTED} holds none of {', '.join(OUTPUTS)}")
    output = model(**{name: tensor for name, tensor in stored.items() if name not in expected})
    found = {}
    for name, tensor in expected.items():
        actual = output[name]
        if actual.numel() != tensor.numel():
            raise ValueError(f"{name}: transformers returns the shape {list(actual.shape)}, {EXPECTED} has {list(tensor.shape)}")
        found[name] = (actual.reshape(tensor.shape) - tensor).abs().max().item()
    return found


def check(folder, tolerance):
    """Prints what was found; true when the folder is as it should be."""
    model, faults = load(folder)
    for kind, names in faults.items():
        print(f"{folder}: {kind}: {', '.join(names)}")
    good = not faults
    for name, error in errors(model, load_file(folder / EXPECTED)).items():
        within = error <= tolerance  # false for NaN
        print(f"{folder}: {type(model).__name__} {name} max abs error {error:.3g} {'ok' if within else f'exceeds {tolerance:g}'}")
        good &= within
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--tolerance", type=float, default=2e-4, help="largest absolute error (default: %(default)s)")
    arguments = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    window.patch_encoder_window()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {window.DESCRIPTION}")
    return 0 if all([check(folder, arguments.tolerance) for folder in arguments.folders]) else 1


if __name__ == "__main__":
    sys.exit(main())
