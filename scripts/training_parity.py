#!/usr/bin/env python3
"""Trains small random models with transformers and writes what a test needs to repeat it. Needs PyTorch and transformers.

A case is a folder with model/ (the untrained model as save_pretrained writes it), batches.safetensors (STEP.input_ids,
STEP.attention_mask and STEP.labels of every step: rows of unequal lengths, padded on the right), losses.safetensors (`losses`,
the mean that transformers returned at each step) and settings.json. There are cases of the language model and of the
heads for sequences (one label, several labels, a value) and tokens, each on the encoder and on the whole.

Training is that of Hugging Face's Trainer: AdamW with decay of all but norms and biases, the gradient's norm cut at 1, a
linear schedule with warm-up; float32 on CPU, eager attention, no dropout, the encoder window |q-k| < W (see
reference/window.py). Each case is trained twice, the second time from weights with a relative error of 1e-7: batches on
which that moves a loss by more than 1e-4 are drawn again, since no other program could repeat them to 1e-3.

    python scripts/training_parity.py --out DIR
    T5GEMMA_TRAINING_PARITY_DIR=DIR dotnet test -c Release --filter "FullyQualifiedName~TrainingCase"
"""

import argparse
import copy
import json
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    T5GemmaForConditionalGeneration,
    T5GemmaForSequenceClassification,
    T5GemmaForTokenClassification,
    get_linear_schedule_with_warmup,
)

from check_reference import load
from reference import inputs, window
from reference.configurations import COMMITTED
from reference.groups import prefixed, source_vocab
from reference.inputs import EOS, IGNORED
from reference.weights import perturb, randomize

NUM_LABELS = 5
ROWS = 4
SHORTEST, LONGEST = 4, 16
ROUNDING = 1e-7
MOST_MOVED = 1e-4
TRIES = 10
SETTINGS = {
    "steps": 200,
    "learning_rate": 1e-3,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "weight_decay": 0.1,
    "max_grad_norm": 1.0,
    "warmup_steps": 20,
}

# What Trainer.get_decay_parameter_names leaves out.
NOT_DECAYED = re.compile(r"bias|layernorm|rmsnorm|(^|\.)norm($|\.)|_norm($|\.)", re.IGNORECASE)


def translation(ids, mask, vocab):
    """Labels for the language model: the source with every id one further, cut at random, closed, one position ignored."""
    labels = torch.where(ids + 1 < vocab, ids + 1, inputs.FIRST_WORD)
    for row, length in enumerate(mask.sum(dim=1).tolist()):
        end = max(2, length - row)
        labels[row, end - 1] = EOS
        labels[row, end:] = IGNORED
    labels[0, 1] = IGNORED
    return labels


# Something that can be learnt from the ids, for every kind of label.
HEAD_LABELS = {
    "single_label_classification": lambda ids, mask: ids[:, 0] % NUM_LABELS,
    "multi_label_classification": lambda ids, mask: ((ids[:, :1] + torch.arange(NUM_LABELS)) % 3 == 0).float(),
    "regression": lambda ids, mask: ids[:, 0].float() / 10 - 2,
    "tokens": lambda ids, mask: (ids % NUM_LABELS).masked_fill(mask == 0, IGNORED),
}


def head_case(kind, is_encoder_decoder):
    """The class, what its configuration has beside the sizes, its mode and the kind of its labels."""
    if kind == "tokens":
        return T5GemmaForTokenClassification, {"num_labels": NUM_LABELS}, {"is_encoder_decoder": is_encoder_decoder}, kind
    labels = {"num_labels": 1 if kind == "regression" else NUM_LABELS, "problem_type": kind}
    return T5GemmaForSequenceClassification, labels, {"is_encoder_decoder": is_encoder_decoder}, kind


CASES = {
    **{f"lm.{name}": (name, (T5GemmaForConditionalGeneration, {}, {}, None)) for name in ("balanced", "unbalanced", "biased")},
    **{
        f"{kind}.{mode}": ("unbalanced", head_case(kind, is_encoder_decoder))
        for kind in HEAD_LABELS
        for mode, is_encoder_decoder in (("encdec", True), ("enc", False))
    },
}


def draw_batch(configuration, kind, generator):
    """One step's batch."""
    lengths = torch.randint(SHORTEST, LONGEST + 1, (ROWS,), generator=generator).tolist()
    batch = inputs.source_batch(lengths, source_vocab(configuration), "right", generator)
    ids, mask = batch["input_ids"], batch["attention_mask"]
    labels = translation(ids, mask, configuration.decoder["vocab_size"]) if kind is None else HEAD_LABELS[kind](ids, mask)
    return {**batch, "labels": labels.contiguous()}


def train(model, batches):
    """The loss of each step, of a copy of the model."""
    model = copy.deepcopy(model).train()
    decayed = {True: [], False: []}
    for name, parameter in model.named_parameters():
        decayed[NOT_DECAYED.search(name) is None].append(parameter)
    groups = [{"params": decayed[True], "weight_decay": SETTINGS["weight_decay"]}, {"params": decayed[False], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(
        groups, lr=SETTINGS["learning_rate"], betas=(SETTINGS["beta1"], SETTINGS["beta2"]), eps=SETTINGS["epsilon"]
    )
    schedule = get_linear_schedule_with_warmup(optimizer, SETTINGS["warmup_steps"], SETTINGS["steps"])
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["max_grad_norm"])
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def write(root, name, seed):
    """Writes one case; returns a line about it."""
    configuration_name, (model_class, more, arguments, kind) = CASES[name]
    configuration = COMMITTED[configuration_name]
    folder = root / name
    randomize(model_class(configuration.build(**more), **arguments), configuration, seed).save_pretrained(folder / "model")
    model, faults = load(folder / "model")
    if faults:
        raise RuntimeError(f"{folder / 'model'} does not load cleanly: {faults}")
    twin = perturb(copy.deepcopy(model), ROUNDING, seed)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(TRIES):
        batches = [draw_batch(configuration, kind, generator) for _ in range(SETTINGS["steps"])]
        losses = train(model, batches)
        moved = ((train(twin, batches) - losses) / losses).abs().max().item()
        if moved <= MOST_MOVED:
            break
    else:
        raise RuntimeError(f"{name}: a relative error of {ROUNDING:g} in the weights moves a loss by {moved:.3g}; expected {MOST_MOVED:g} at most")
    tensors = {}
    for step, batch in enumerate(batches):
        tensors.update(prefixed(str(step), batch))
    save_file(tensors, folder / "batches.safetensors")
    save_file({"losses": losses}, folder / "losses.safetensors")
    (folder / "settings.json").write_text(json.dumps(SETTINGS, indent=1) + "\n", encoding="utf-8")
    tenth = SETTINGS["steps"] // 10
    return f"{folder}: loss {losses[:tenth].mean():.4g} to {losses[-tenth:].mean():.4g}, smallest {losses.min():.3g}; moved by {ROUNDING:g} in the weights {moved:.3g} relative"


def start_worker():
    """Makes a process ready: one thread, since the tensors are small, and the encoder's window."""
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    window.patch_encoder_window()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder that receives one folder per case")
    parser.add_argument("--seed", type=int, default=1, help="seed of weights and batches (default: %(default)s)")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="NAME", help=f"some of {', '.join(CASES)} (default: all)")
    parser.add_argument("--processes", type=int, help="cases at a time (default: the number of processors)")
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {window.DESCRIPTION}")
    failed = False
    # Processes that are not forked have no locks of torch's threads in them.
    with ProcessPoolExecutor(arguments.processes, mp_context=get_context("spawn"), initializer=start_worker) as pool:
        for name, case in [(name, pool.submit(write, arguments.out, name, arguments.seed)) for name in arguments.cases]:
            try:
                print(case.result())
            except Exception as error:
                failed = True
                print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
