#!/usr/bin/env python3
"""Writes a model of published shapes with random weights in bfloat16, and its logits as transformers computes them in float32 and in bfloat16.

    python scripts/export_rounding.py --preset 2b-2b --out DIR
    T5GEMMA_ROUNDING_DIR=DIR dotnet test -c Release --filter "FullyQualifiedName~DeviceRounding"

The test runs the same weights and ids through the kernels of the GPU and prints the relative L2 error to float32 of both sides. Needs a
GPU with room for the float32 weights (22 GB for 2b-2b); DIR takes the bfloat16 ones.
"""

import argparse
from pathlib import Path

import torch
from reference.published import PARAMETERS, published_config
from safetensors.torch import save_file
from transformers import T5GemmaForConditionalGeneration

WEIGHT_SCALE = 0.02
NORM_SCALE = 0.1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=PARAMETERS, default="2b-2b")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--source-length", type=int, default=512, metavar="N")
    parser.add_argument("--target-length", type=int, default=32, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    torch.backends.cuda.matmul.allow_tf32 = False
    config = published_config(arguments.preset)
    with torch.device("cuda"):
        model = T5GemmaForConditionalGeneration._from_config(config, dtype=torch.bfloat16, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(0, NORM_SCALE if name.endswith("norm.weight") else WEIGHT_SCALE)
        ids = torch.randint(3, config.decoder.vocab_size, (1, arguments.source_length + arguments.target_length), device="cuda")
        inputs = {"input_ids": ids[:, : arguments.source_length], "decoder_input_ids": ids[:, arguments.source_length :]}
        rounded = model(**inputs, use_cache=False).logits.float()
        model.save_pretrained(arguments.out)
        exact = model.float()(**inputs, use_cache=False).logits
    tensors = {"exact": exact, "transformers": rounded, **inputs}
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, arguments.out / "rounding.safetensors")
    print(f"relative L2 error of transformers' bfloat16 logits: {((rounded - exact).norm() / exact.norm()).item():.3e}")


if __name__ == "__main__":
    main()
