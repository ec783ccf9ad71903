#!/usr/bin/env python3
"""Measures transformers as `benchmark` of T5GemmaSharp.Training measures this library: same options, same fields of --json.

    python scripts/benchmark.py decode --preset b-b --batch 1
    python scripts/benchmark.py decode --preset 2b-2b --device cuda --cache static --compile --warmup 3
    python scripts/benchmark.py encode --model weights/t5gemma-b-b-prefixlm-it

encode: the encoder reads a batch. decode: prefill and steps of a generation that no end token ends; the prefill (encoder,
keys and values of cross-attention, first token) is the generation of one token, decoding is what more tokens take beyond it.
train: steps of torch's fused AdamW on a batch: forward, backward, clipping, update.
load: loading a folder, and the first encoding after it. Making the model and its inputs is never part of a time, except
where loading is what is measured. scripts/benchmarks/compare.py runs both programs and prints the ratios.
"""

import argparse
import ctypes
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import torch
import transformers
from transformers import GenerationConfig, T5GemmaForConditionalGeneration
from transformers.generation.configuration_utils import CompileConfig

from benchmarks import work
from reference.published import PARAMETERS, published_config

SEED = 0
FIRST_ORDINARY_ID = 3
COPY_SIZE = 1 << 30
MATRIX_SIZE = 8192
PROBE_REPEATS = 20
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def draw(arguments):
    """A model with random weights of the preset's shapes, made on its device."""
    torch.manual_seed(SEED)
    model = T5GemmaForConditionalGeneration
    with torch.device(arguments.device):
        return model._from_config(published_config(arguments.preset), attn_implementation=arguments.attention, dtype=arguments.dtype or torch.bfloat16).eval()


def load(arguments, folder):
    """The model of a folder."""
    options = {"attn_implementation": arguments.attention, "dtype": arguments.dtype or "auto"}
    if find_spec("accelerate"):
        return T5GemmaForConditionalGeneration.from_pretrained(folder, device_map={"": arguments.device}, **options).eval()
    return T5GemmaForConditionalGeneration.from_pretrained(folder, **options).to(arguments.device).eval()


def random_inputs(arguments, config):
    """A batch of random texts without padding."""
    torch.manual_seed(SEED)
    shape = (arguments.batch, arguments.source_length)
    ids = torch.randint(FIRST_ORDINARY_ID, config.encoder.vocab_size, shape).to(arguments.device)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def seconds(arguments, work):
    """Seconds of one run, until the device has finished it."""
    synchronize = torch.cuda.synchronize if arguments.device == "cuda" else lambda: None
    synchronize()
    start = time.perf_counter()
    work()
    synchronize()
    return time.perf_counter() - start


def measure(arguments, measured_round):
    """Times of the counted rounds, by part."""
    rounds = [measured_round() for _ in range(arguments.warmup + arguments.repeats)][arguments.warmup :]
    return [timing(part) for part in zip(*rounds)]


def timing(runs):
    return {"median": statistics.median(runs), "min": min(runs), "max": max(runs)}


def encode_benchmark(arguments):
    model = load(arguments, arguments.model) if arguments.model else draw(arguments)
    inputs = random_inputs(arguments, model.config)
    encoder = model.get_encoder()
    [encode] = measure(arguments, lambda: [seconds(arguments, lambda: encoder(**inputs))])
    tokens = arguments.batch * arguments.source_length
    rates = {"encode_ms_per_token": 1000 * encode["median"] / tokens, "encode_tokens_per_second": tokens / encode["median"]}
    rates |= flops_rates(work.encode_flops(model.config.encoder, arguments.batch, arguments.source_length), encode)
    return model, {"encode": encode}, rates


def generation_config(arguments):
    """Greedy or beam search without end tokens."""
    config = GenerationConfig(
        bos_token_id=2,
        pad_token_id=0,
        eos_token_id=None,
        do_sample=arguments.do_sample,
        **({"temperature": 0.8, "top_k": 50, "top_p": 0.95} if arguments.do_sample else {}),
        num_beams=arguments.num_beams,
        cache_implementation="static" if arguments.cache == "static" else None,
        disable_compile=not arguments.compile,
    )
    if arguments.compile:
        config.compile_config = CompileConfig()
        config.compile_config._compile_all_devices = True  # or else a CPU is left out
    return config


def decode_benchmark(arguments):
    model = load(arguments, arguments.model) if arguments.model else draw(arguments)
    inputs = random_inputs(arguments, model.config)
    model.generation_config = generation_config(arguments)

    def generate(new_tokens):
        ids = model.generate(**inputs, max_new_tokens=new_tokens)
        if ids.shape[1] != new_tokens + 1:
            raise RuntimeError(f"expected rows of {new_tokens + 1} ids, the start token included, got {ids.shape[1]}: the times would not compare")

    prefill, total = measure(arguments, lambda: [seconds(arguments, lambda: generate(1)), seconds(arguments, lambda: generate(arguments.new_tokens))])
    decode = {name: value - prefill["median"] for name, value in total.items()}
    steps = arguments.new_tokens - 1
    read = work.step_bytes(model.config.decoder, arguments.batch, arguments.num_beams, arguments.source_length, arguments.new_tokens, model.dtype.itemsize)
    rates = {
        "decode_ms_per_token": 1000 * decode["median"] / steps,
        "decode_tokens_per_second": arguments.batch * steps / decode["median"],
        "total_tokens_per_second": arguments.batch * arguments.new_tokens / total["median"],
        "first_token_ms": 1000 * prefill["median"],
        "step_bytes": read,
        "decode_gb_per_second": read * steps / decode["median"] / 1e9,
    }
    return model, {"prefill": prefill, "decode": decode, "total": total}, rates


def load_benchmark(arguments):
    if arguments.model:
        return load_folder(arguments, arguments.model)
    with tempfile.TemporaryDirectory() as folder:
        draw(arguments).save_pretrained(folder)
        return load_folder(arguments, folder)


def load_folder(arguments, folder):
    model = None

    def load_and_use():
        nonlocal model
        model = None  # the last one is freed outside the times

        def load_again():
            nonlocal model
            model = load(arguments, folder)

        taken = seconds(arguments, load_again)
        inputs = random_inputs(arguments, model.config)
        encoder = model.get_encoder()
        return [taken, seconds(arguments, lambda: encoder(**inputs))]

    loading, first_encode = measure(arguments, load_and_use)
    size = sum(file.stat().st_size for file in Path(folder).glob("*.safetensors"))
    rates = {"checkpoint_bytes": size}
    if arguments.device != "cpu":  # mapped weights have not been read yet
        rates["load_gb_per_second"] = size / loading["median"] / 1e9
    return model, {"load": loading, "first_encode": first_encode}, rates


@torch.enable_grad()
def train_benchmark(arguments):
    """Steps in the dtype of the weights; the loss is transformers' own."""
    model = (load(arguments, arguments.model) if arguments.model else draw(arguments)).train()
    if arguments.gradient_checkpointing:
        model.gradient_checkpointing_enable()
    if arguments.lora_r:
        model = lora(model, arguments.lora_r)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5, weight_decay=0.0, fused=True)
    inputs = random_inputs(arguments, model.config)
    labels = torch.randint(FIRST_ORDINARY_ID, model.config.decoder.vocab_size, (arguments.batch, arguments.target_length)).to(arguments.device)
    micro = arguments.micro_batch_size or arguments.batch

    def step():
        for first in range(0, arguments.batch, micro):
            part = slice(first, first + micro)
            loss = model(**{name: tensor[part] for name, tensor in inputs.items()}, labels=labels[part], use_cache=False).loss
            (loss * labels[part].shape[0] / arguments.batch).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    if arguments.device == "cuda":
        torch.cuda.empty_cache()
    [taken] = measure(arguments, lambda: [seconds(arguments, step)])
    rates = {"step_tokens_per_second": arguments.batch * (arguments.source_length + arguments.target_length) / taken["median"]}
    if not arguments.lora_r:  # what is frozen costs no gradient
        rates |= flops_rates(work.training_flops(model.config, arguments.batch, arguments.source_length, arguments.target_length), taken)
    return model, {"step": taken}, rates


def lora(model, rank):
    """PEFT's adapter on all projections."""
    from peft import LoraConfig, get_peft_model

    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    return get_peft_model(model, LoraConfig(r=rank, target_modules=names, task_type="SEQ_2_SEQ_LM"))


def flops_rates(flops, taken):
    return {"flops": flops, "tflops": flops / taken["median"] / 1e12}


def device_rates(rates):
    """What a CUDA device held at most and can do, and how much of that was reached."""
    free, total = torch.cuda.mem_get_info()
    found = {"device_gib": (total - free) / 2**30, "allocated_gib": torch.cuda.max_memory_allocated() / 2**30}  # the first is what the allocator has reserved at most
    try:
        copied, multiplied = 2 * COPY_SIZE / probe_copy() / 1e9, 2 * MATRIX_SIZE**3 / probe_matmul() / 1e12
    except torch.cuda.OutOfMemoryError:
        return found
    found |= {"device_copy_gb_per_second": copied, "device_matmul_tflops": multiplied}
    if "decode_gb_per_second" in rates:
        found["copy_share"] = rates["decode_gb_per_second"] / copied
    if "tflops" in rates:
        found["matmul_share"] = rates["tflops"] / multiplied
    return found


def probe_copy():
    source = torch.zeros(COPY_SIZE, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return probe(lambda: target.copy_(source))


def probe_matmul():
    left, right = (torch.randn(MATRIX_SIZE, MATRIX_SIZE, dtype=torch.bfloat16, device="cuda") for _ in range(2))
    return probe(lambda: left.mm(right))


def probe(once):
    """Seconds of one of many runs."""
    once()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(PROBE_REPEATS):
        once()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / PROBE_REPEATS


BENCHMARKS = {"encode": encode_benchmark, "decode": decode_benchmark, "train": train_benchmark, "load": load_benchmark}


def report(arguments, model, times, rates):
    """The same fields that the other program writes."""
    return {
        "benchmark": arguments.what,
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "device": torch.cuda.get_device_name() if arguments.device == "cuda" else processor(),
        },
        "versions": {
            "program": program_name(),
            "runtime": f"Python {platform.python_version()}",
            "torch": torch.__version__,
            **cuda_versions(arguments),
        },
        "model": {"name": arguments.preset or arguments.model, "parameters": sum(parameter.numel() for parameter in model.parameters())},
        "settings": {
            "device": arguments.device,
            "dtype": str(model.dtype).removeprefix("torch."),
            "quantization": None,
            "attention": arguments.attention,
            "cache": arguments.cache,
            "compile": arguments.compile,
            "batch": arguments.batch,
            "source_length": arguments.source_length,
            "new_tokens": arguments.new_tokens,
            "num_beams": arguments.num_beams,
            "do_sample": arguments.do_sample,
            "target_length": arguments.target_length,
            "micro_batch": arguments.micro_batch_size or arguments.batch,
            "gradient_checkpointing": arguments.gradient_checkpointing,
            "release_gradients": False,
            "lora_r": arguments.lora_r,
            "threads": torch.get_num_threads(),
            "warmup": arguments.warmup,
            "repeats": arguments.repeats,
        },
        "encoding": {"engine": program_name(), "reason": None} if arguments.what == "encode" else None,
        "decoding": {"engine": program_name(), "reason": None} if arguments.what == "decode" else None,
        "seconds": times,
        "rates": rates,
    }


def cuda_versions(arguments):
    """Versions of NVIDIA's driver, of the CUDA that it serves, and of the compiler of kernels where torch tells."""
    versions = dict.fromkeys(("driver", "cuda", "nvrtc"))
    if arguments.device != "cuda":
        return versions
    version = ctypes.c_int()
    ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1").cuDriverGetVersion(ctypes.byref(version))
    versions["cuda"] = f"{version.value // 1000}.{version.value % 1000 // 10}"
    file = Path("/proc/driver/nvidia/version")
    match = re.search(r"\d+\.\d+(\.\d+)?", file.read_text(encoding="utf-8")) if file.exists() else None
    versions["driver"] = match and match[0]
    return versions


def program_name():
    return f"transformers {transformers.__version__}"


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def show(found):
    """Lines for a person."""
    settings, versions = found["settings"], found["versions"]
    print(f"{found['model']['name']}, {found['model']['parameters']} parameters, {found['machine']['device']}")
    print(f"{versions['program']}, {versions['runtime']}, torch {versions['torch']}")
    print(", ".join(f"{name} {value}" for name, value in settings.items()))
    for name, time_of in found["seconds"].items():
        print(f"  {name:<26}{time_of['median']:12.4f} s ({time_of['min']:.4f} to {time_of['max']:.4f})")
    for name, rate in found["rates"].items():
        print(f"  {name:<26}{rate:12.6g}")


def at_least(least):
    def parse(text):
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"expected at least {least}, got {number}")
        return number

    return parse


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=BENCHMARKS)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--model", metavar="DIR", help="folder of the model")
    source.add_argument("--preset", choices=PARAMETERS, help="random weights of a published model's shapes")
    parser.add_argument("--batch", type=at_least(1), default=1, metavar="N")
    parser.add_argument("--source-length", type=at_least(1), default=512, metavar="N")
    parser.add_argument("--new-tokens", type=at_least(2), default=64, metavar="N")
    parser.add_argument("--num-beams", type=at_least(1), default=1, metavar="N")
    parser.add_argument("--do-sample", action="store_true", help="decode: draw tokens (temperature 0.8, top-k 50, top-p 0.95) instead of taking the most probable ones")
    parser.add_argument("--target-length", type=at_least(1), metavar="N", help="train: tokens of each answer (default: as many as the text has)")
    parser.add_argument("--micro-batch-size", type=at_least(1), metavar="N", help="train: pairs that go through the model together (default: all)")
    parser.add_argument("--gradient-checkpointing", action="store_true", help="train: compute layers again in the backward pass")
    parser.add_argument("--lora-r", type=at_least(1), metavar="N", help="train: an adapter of this rank, with PEFT")
    parser.add_argument("--cache", choices=("dynamic", "static"), default="dynamic")
    parser.add_argument("--compile", action="store_true", help="decode: compile the step; with --cache static")
    parser.add_argument("--attention", choices=("eager", "sdpa"), default="eager", help="sdpa drops the soft-cap")
    parser.add_argument("--threads", type=at_least(1), metavar="N")
    parser.add_argument("--warmup", type=at_least(0), default=1, metavar="N")
    parser.add_argument("--repeats", type=at_least(1), default=5, metavar="N")
    parser.add_argument("--device", choices=("cpu", "cuda", "auto"), default="auto")
    parser.add_argument("--dtype", choices=("auto", *DTYPES), default="auto")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    arguments = parser.parse_args()
    if arguments.compile and (arguments.cache != "static" or arguments.what != "decode"):
        parser.error("--compile: expected with decode and --cache static")
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no CUDA device")
    arguments.target_length = arguments.target_length or arguments.source_length
    if arguments.device == "auto":
        arguments.device = "cuda" if torch.cuda.is_available() else "cpu"
    arguments.dtype = DTYPES.get(arguments.dtype, torch.float32 if arguments.device == "cpu" else None)
    return arguments


@torch.no_grad()
def main():
    arguments = parse()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model, times, rates = BENCHMARKS[arguments.what](arguments)
    found = report(arguments, model, times, rates)
    if arguments.device == "cuda":
        del model
        rates |= device_rates(rates)
    if arguments.json:
        print(json.dumps(found))
    else:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
