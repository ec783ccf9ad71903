#!/usr/bin/env python3
"""Checks adapters against PEFT, in both directions. Needs PyTorch, transformers, PEFT.

A case is a folder with base/ (a model as save_pretrained writes it), adapter/ (adapter_config.json and
adapter_model.safetensors) and expected.safetensors: the inputs of one forward pass and its logits or last_hidden_state.
Models run in float32 on CPU with eager attention and the encoder window |q-k| < W (see reference/window.py).

    T5GEMMA_EXPORT_DIR=DIR dotnet test -c Release --filter "FullyQualifiedName~WrittenAdapter"
    python scripts/check_adapters.py DIR/*              loads what the test has written; exit code 1 where PEFT finds other
                                                        tensors or other outputs
    python scripts/check_adapters.py --write DIR        writes cases with PEFT, which the same test replays when
                                                        T5GEMMA_ADAPTER_DIR is DIR
"""

import argparse
import sys
from pathlib import Path

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from check_reference import EXPECTED, load as load_base
from reference import window
from reference.configurations import COMMITTED
from reference.weights import randomize

OUTPUTS = ("logits", "last_hidden_state")
ADAPTER_FILE = "adapter_model.safetensors"
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CHANGE = 0.1

KINDS = {
    "lora": {"r": 3, "lora_alpha": 5, "target_modules": PROJECTIONS},
    "rslora": {"r": 3, "lora_alpha": 5, "use_rslora": True, "target_modules": r".*\.(q_proj|down_proj)", "exclude_modules": ["cross_attn.q_proj"]},
    "dora": {
        "r": 3,
        "lora_alpha": 5,
        "use_dora": True,
        "target_modules": PROJECTIONS,
        "rank_pattern": {"k_proj": 2},
        "alpha_pattern": {"mlp.up_proj": 7},
    },
    "layers": {"target_modules": ["o_proj", "gate_proj"], "layers_to_transform": [1], "layers_pattern": "layers"},
    "linear": {"target_modules": "all-linear"},
}

# The class, the task and what its configuration has beside the sizes.
MODELS = {
    "lm": (transformers.T5GemmaForConditionalGeneration, "SEQ_2_SEQ_LM", {}),
    "seqcls": (transformers.T5GemmaForSequenceClassification, "SEQ_CLS", {"num_labels": 5}),
    "tokcls": (transformers.T5GemmaForTokenClassification, "TOKEN_CLS", {"num_labels": 5}),
}


def output(model, inputs):
    """The tensor that a case stores, by name."""
    found = model(**inputs)
    name = next(name for name in OUTPUTS if name in found)
    return name, found[name]


@torch.no_grad()
def check(folder, tolerance):
    """Prints what was found; true when the folder is as it should be."""
    base, faults = load_base(folder / "base")
    model = PeftModel.from_pretrained(base, folder / "adapter").eval()
    stored = load_file(folder / "adapter" / ADAPTER_FILE)
    loaded = get_peft_model_state_dict(model, save_embedding_layers=False)
    for kind, names in {
        **faults,
        "not in PEFT": sorted(stored.keys() - loaded.keys()),
        "not in the file": sorted(loaded.keys() - stored.keys()),
        "of other values": sorted(name for name in stored.keys() & loaded.keys() if not torch.equal(stored[name], loaded[name])),
    }.items():
        if names:
            print(f"{folder}: {kind}: {', '.join(names)}")
            faults[kind] = names
    expected = load_file(folder / EXPECTED)
    inputs = {name: tensor for name, tensor in expected.items() if name not in OUTPUTS}
    plain = load_base(folder / "base")[0]
    name, actual = output(model.get_base_model(), inputs)
    error = (actual - expected[name]).abs().max().item()
    change = (actual - output(plain, inputs)[1]).abs().max().item()
    good = error <= tolerance < change  # false for NaN; an adapter that does nothing would prove nothing
    print(f"{folder}: {type(plain).__name__} {name} max abs error {error:.3g} of a change of {change:.3g} {'ok' if good else 'WRONG'}")
    return good and not faults


@torch.no_grad()
def write(folder, configuration, model_name, kind, seed):
    """Writes one case."""
    model_class, task, more = MODELS[model_name]
    base = randomize(model_class(configuration.build(**more)), configuration, seed)
    base.save_pretrained(folder / "base")
    base = load_base(folder / "base")[0]
    model = get_peft_model(base, LoraConfig(task_type=task, **KINDS[kind]))
    torch.manual_seed(seed)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.add_(torch.randn_like(parameter) * CHANGE)
    model.eval()
    model.save_pretrained(folder / "adapter")
    ids = torch.randint(4, configuration.encoder["vocab_size"], (2, 9))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    inputs = {"input_ids": ids.masked_fill(mask == 0, 0), "attention_mask": mask}
    if model_name == "lm":
        inputs["decoder_input_ids"] = torch.randint(4, configuration.decoder["vocab_size"], (2, 7))
    name, result = output(model.get_base_model(), inputs)
    save_file({**inputs, name: result.contiguous()}, folder / EXPECTED)
    print(folder)


def write_all(root, seed):
    """Writes every class, kind and configuration, tied and untied heads among them."""
    for configuration_name, configuration in COMMITTED.items():
        for model_name in MODELS:
            for kind in KINDS:
                if (model_name, kind) == ("tokcls", "linear"):
                    continue  # PEFT adapts the head inside of its own copy of it; the library refuses that by name
                write(root / f"{configuration_name}.{model_name}.{kind}", configuration, model_name, kind, seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--tolerance", type=float, default=2e-4, help="largest absolute error (default: %(default)s)")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write cases with PEFT into a folder")
    parser.add_argument("--seed", type=int, default=1, help="seed of the written cases (default: %(default)s)")
    arguments = parser.parse_args()
    if not arguments.folders and arguments.write is None:
        parser.error("expected folders to check, or --write DIR")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    window.patch_encoder_window()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}, {window.DESCRIPTION}")
    if arguments.write is not None:
        write_all(arguments.write, arguments.seed)
    return 0 if all([check(folder, arguments.tolerance) for folder in arguments.folders]) else 1


if __name__ == "__main__":
    sys.exit(main())
