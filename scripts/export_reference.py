#!/usr/bin/env python3
"""Writes parity folders: small random checkpoints and what transformers computes with them.

The C# tests replay every folder. The reference is transformers on CPU in float32, with the encoder's local window set
to |q-k| < W (see reference/window.py). A folder holds

    lm/                                            T5GemmaForConditionalGeneration as transformers saves it
    {seqcls,tokcls}.{encdec,enc}/                  the classification heads in both modes
    cases.safetensors, cases.json                  inputs, outputs, generation arguments and seeds
    reference.json                                 versions, seed and command

Every checkpoint is read back through transformers before it is used: a missing or unexpected tensor, or logits that
differ from those before saving, fail the export. So does an encoder window other than the one above. Generation cases
whose ids change under a relative error of 3e-6 in the weights are left out, with the reason in cases.json; training
batches whose losses move by more than 1e-5 under an error of 1e-7 are drawn again.

    python scripts/export_reference.py --out DIR                          the set that is committed
    python scripts/export_reference.py --out DIR --set extended --seed 7  more configurations, another seed
"""

import argparse
import copy
import json
import sys
import traceback
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import T5GemmaForConditionalGeneration, T5GemmaForSequenceClassification, T5GemmaForTokenClassification

from reference import groups, window
from reference.configurations import SETS
from reference.weights import perturb, randomize

FORMAT_VERSION = 1
HEADS = {"seqcls": T5GemmaForSequenceClassification, "tokcls": T5GemmaForTokenClassification}
MODES = {"encdec": True, "enc": False}
TWINS = 2
ROUNDING = 1e-7


class FolderExport:
    """One parity folder in the making: collects tensors and entries, and the groups that failed."""

    def __init__(self, folder, configuration, seed):
        self.folder = folder
        self.configuration = configuration
        self.seed = seed
        self.generator = torch.Generator().manual_seed(seed)
        self.tensors = {}
        self.entries = {}
        self.failures = []

    def run(self):
        """Computes all groups; one that fails is reported and does not stop the others."""
        models = {}
        self._attempt("lm", lambda: models.update(self._language_model()))
        if models:
            self._language_groups(models)
        for head, model_class in HEADS.items():
            for mode, is_encoder_decoder in MODES.items():
                self._attempt(f"{head}.{mode}", lambda: self._head(head, model_class, mode, is_encoder_decoder))

    def write(self, reference):
        """Writes what was collected."""
        stored = {name: tensor.detach().contiguous().clone() for name, tensor in self.tensors.items()}
        save_file(dict(sorted(stored.items())), self.folder / "cases.safetensors")
        write_json(self.folder / "cases.json", self.entries)
        write_json(self.folder / "reference.json", reference)

    def _attempt(self, name, action):
        try:
            action()
        except Exception:
            self.failures.append(name)
            print(f"{self.folder.name}: {name} failed", file=sys.stderr)
            traceback.print_exc()

    def _language_model(self):
        model = randomize(T5GemmaForConditionalGeneration(self.configuration.build()), self.configuration, self.seed)
        return {name: self._saved(model, self.folder / "lm", name) for name in ("eager", "sdpa")}

    def _language_groups(self, models):
        model, configuration, generator = models["eager"], self.configuration, self.generator
        self._attempt("fwd", lambda: self.tensors.update(groups.forward(models, configuration, generator)))
        self._attempt("bf16", lambda: self.tensors.update(groups.half_precision(model, self.tensors)))
        self._attempt("nomask", lambda: self.tensors.update(groups.unmasked(model, configuration, generator)))
        if configuration.trains:
            self._attempt("grad", lambda: self.tensors.update(groups.gradients(model, configuration, generator)))
            self._attempt("train", lambda: self._training(model))
        self._attempt("gen", lambda: self._generations(model))
        self._attempt("summary", lambda: self._summarize(model))

    def _training(self, model):
        twin = perturb(copy.deepcopy(model), ROUNDING, self.seed)
        tensors, moved = groups.training(model, twin, self.configuration, self.generator)
        self.tensors.update(tensors)
        print(f"{self.folder.name}: training losses moved by {ROUNDING:g} in the weights {moved:.3g} relative")

    def _generations(self, model):
        twins = [perturb(copy.deepcopy(model), groups.TWIN_ERROR, self.seed + i) for i in range(TWINS)]
        tensors, self.entries = groups.generations(model, twins, self.configuration, self.generator, self.seed)
        self.tensors.update(tensors)

    def _head(self, head, model_class, mode, is_encoder_decoder):
        config = self.configuration.build(num_labels=groups.NUM_LABELS)
        model = randomize(model_class(config, is_encoder_decoder=is_encoder_decoder), self.configuration, self.seed + 1)
        reloaded = self._saved(model, self.folder / f"{head}.{mode}", "eager")
        self.tensors.update(groups.classification(reloaded, head, mode, self.configuration, self.generator))

    def _saved(self, model, folder, implementation):
        """Saves a model and returns what transformers reads back, after comparing the two."""
        model.save_pretrained(folder)
        reloaded, report = type(model).from_pretrained(folder, attn_implementation=implementation, output_loading_info=True)
        faults = {name: sorted(map(str, found)) for name, found in report.items() if found}
        if faults:
            raise RuntimeError(f"{folder.name} does not load cleanly: {faults}")
        model.set_attn_implementation(implementation)
        model.eval()
        ids = torch.arange(3, 19).reshape(2, 8)
        arguments = {"input_ids": ids}
        if isinstance(model, T5GemmaForConditionalGeneration):
            arguments["decoder_input_ids"] = ids[:, :5]
        with torch.no_grad():
            if not torch.equal(model(**arguments).logits, reloaded(**arguments).logits):
                raise RuntimeError(f"{folder.name} computes other logits after loading")
        return reloaded

    @torch.no_grad()
    def _summarize(self, model):
        """Prints how sensitive the folder is: figures to judge tolerances by."""
        twin = perturb(copy.deepcopy(model), ROUNDING, self.seed)
        name = "fwd.right.eager"
        batch = {key: self.tensors[f"{name}.{key}"] for key in ("input_ids", "attention_mask", "labels")}
        logits = self.tensors[f"{name}.logits"]
        rounding = (twin(**batch).logits - logits).abs().max().item()
        cap = (self.tensors["fwd.right.sdpa.logits"] - logits).abs().max().item()
        errors = {key: entry["error"] for key, entry in self.entries.items() if "error" in entry}
        print(f"{self.folder.name}: logits std {logits.std().item():.3g}, eager-sdpa {cap:.3g}, moved by {ROUNDING:g} in the weights {rounding:.3g}")
        print(f"{self.folder.name}: {len(self.entries) - len(errors)} generation cases, left out: {errors or 'none'}")


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def export(arguments, name):
    """Writes one folder and returns the groups that failed."""
    committed = arguments.set == "committed"
    folder = arguments.out / (name if committed else f"{name}-{arguments.seed}")
    folder.mkdir(parents=True, exist_ok=True)
    work = FolderExport(folder, SETS[arguments.set][name], arguments.seed)
    work.run()
    work.write(
        {
            "format": FORMAT_VERSION,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "config": name,
            "set": arguments.set,
            "seed": arguments.seed,
            "window": window.DESCRIPTION,
            "command": f"python scripts/export_reference.py --out DIR --set {arguments.set} --seed {arguments.seed} --configs {name}",
        }
    )
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder.name}: {len(work.tensors)} tensors, {size / 1e6:.2f} MB")
    return [f"{folder.name}: {group}" for group in work.failures]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="directory that receives one folder per configuration")
    parser.add_argument("--set", choices=SETS, default="committed", help="set of configurations (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and inputs (default: %(default)s)")
    parser.add_argument("--configs", nargs="+", metavar="NAME", help="configurations of the set (default: all)")
    arguments = parser.parse_args()
    known = SETS[arguments.set]
    unknown = sorted(set(arguments.configs or ()) - set(known))
    if unknown:
        parser.error(f"no such configuration in the set {arguments.set}: {', '.join(unknown)}; it has {', '.join(known)}")
    return arguments


def main():
    arguments = parse_arguments()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    window.patch_encoder_window()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {window.DESCRIPTION}")
    failures = [failure for name in arguments.configs or SETS[arguments.set] for failure in export(arguments, name)]
    if failures:
        print("failed: " + "; ".join(failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
