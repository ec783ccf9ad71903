#!/usr/bin/env python3
"""Computes memory, bytes on the wire and expected scaling of data-parallel training for the eight published sizes, and prints the tables of PREDICTION.md.

    python3 scripts/cluster/prediction.py [--write scripts/cluster/PREDICTION.md]
"""
import argparse

# (hidden, feed-forward, layers, heads, key-value heads, head dimension): T5GemmaSharp.Training/Benchmarking/PublishedShapes.cs has the same.
STACKS = {
    "s": (512, 1024, 8, 8, 8, 64), "b": (768, 2048, 12, 12, 12, 64), "l": (1024, 2816, 24, 16, 16, 64), "ml": (1152, 6912, 26, 4, 4, 256),
    "xl": (2048, 5120, 24, 32, 32, 64), "2b": (2304, 9216, 26, 8, 4, 256), "9b": (3584, 14336, 42, 16, 8, 256),
}
SIZES = ["s-s", "b-b", "l-l", "ml-ml", "xl-xl", "2b-2b", "9b-2b", "9b-9b"]
VOCABULARY = 256_000
GPUS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
GIB = 2**30

# Measured on one H100 (scripts/benchmarks/RESULTS.md): steps of 8 x (512 + 512) tokens, bfloat16.
MEASURED = {"b-b": 0.081, "l-l": 0.172}
TOKENS = 512  # of each stack, a sequence
BATCH = 8

# Assumed of the machines, not measured: what an all-reduce moves a second, a GPU, and what each of its steps costs.
NVLINK, NETWORK = 300e9, 40e9
STEP_LATENCY = 20e-6
GPUS_A_MACHINE = 8
HIDDEN_SHARE = 2 / 3  # of a step: the backward pass, behind which reductions go on
GPU_MEMORY = 80e9


def attention(shape, width):
    """Weights of queries of the stack's width over keys and values of another."""
    hidden, _, _, heads, kv_heads, dim = shape
    return 2 * hidden * heads * dim + 2 * width * kv_heads * dim


def parameters(size):
    """All, and those that multiply a token of the encoder and of the decoder (the head is the decoder's table)."""
    encoder, decoder = (STACKS[name] for name in size.split("-"))

    def stack(shape, encoder_width=None):
        hidden, inner, layers, *_ = shape
        each = attention(shape, hidden) + 3 * hidden * inner + 4 * hidden
        if encoder_width is not None:
            each += attention(shape, encoder_width) + 2 * hidden
        return layers * each + hidden

    bodies = stack(encoder), stack(decoder, encoder[0])
    tables = VOCABULARY * encoder[0], VOCABULARY * decoder[0]
    return sum(bodies) + sum(tables), bodies[0], bodies[1] + tables[1]


def flops(size):
    """Of a step: six for each weight and token that it multiplies; the products of attention are left out, as they are a few percent at 512 tokens."""
    _, encoder, decoder = parameters(size)
    return 6 * BATCH * TOKENS * (encoder + decoder)


def step_seconds(size):
    """Measured where it was; else at the rate of the nearest measured size that is not larger, or of the smallest."""
    if size in MEASURED:
        return MEASURED[size], True
    reference = "l-l" if flops(size) >= flops("l-l") else "b-b"
    return flops(size) * MEASURED[reference] / flops(reference), False


def state_bytes(count, gpus):
    """Without activations: weights 2, gradients 4, and with several ranks a share of the reduced ones; the exact value's lower half 2 and two moments 8, over the ranks."""
    if gpus == 1:
        return count * (2 + 2 + 10)
    return count * (2 + 4 + 4 / gpus + 10 / gpus)


def wire_bytes(count, gpus):
    """Sent by each GPU a step: reduce-scatter of float32 gradients and all-gather of bfloat16 weights, by rings."""
    return (4 + 2) * count * (gpus - 1) / gpus


def efficiency(size, gpus):
    """Time of one GPU over that of each of several, all with the micro-batch of the measurement."""
    count = parameters(size)[0]
    alone, _ = step_seconds(size)
    if gpus == 1:
        return 1.0
    bandwidth = NVLINK if gpus <= GPUS_A_MACHINE else NETWORK
    latency = 2 * (gpus - 1) * STEP_LATENCY
    reduction = 4 * count * (gpus - 1) / gpus / bandwidth + latency
    gather = 2 * count * (gpus - 1) / gpus / bandwidth + latency  # after the update: nothing hides it
    return alone / (alone + max(0.0, reduction - HIDDEN_SHARE * alone) + gather)


def tables():
    yield "| shapes | parameters | step of one GPU, s | TFLOP a step |"
    yield "|---|---|---|---|"
    for size in SIZES:
        seconds, measured = step_seconds(size)
        yield f"| {size} | {parameters(size)[0]:,} | {seconds:.3f}{'' if measured else ' (computed)'} | {flops(size) / 1e12:.1f} |"
    for title, cell in [
        ("GiB of state a GPU (weights, gradients, optimizer; activations come on top)", lambda size, gpus: f"{state_bytes(parameters(size)[0], gpus) / GIB:.1f}" + ("" if state_bytes(parameters(size)[0], gpus) < GPU_MEMORY else " *")),
        ("GB that each GPU sends a step", lambda size, gpus: f"{wire_bytes(parameters(size)[0], gpus) / 1e9:.2f}"),
        ("Expected efficiency: speed of N GPUs over N times that of one, 8 x (512 + 512) tokens a GPU", lambda size, gpus: f"{efficiency(size, gpus):.0%}"),
    ]:
        yield ""
        yield f"{title}:"
        yield ""
        yield "| shapes | " + " | ".join(f"{gpus}" for gpus in GPUS) + " |"
        yield "|---|" + "---|" * len(GPUS)
        for size in SIZES:
            yield f"| {size} | " + " | ".join(cell(size, gpus) for gpus in GPUS) + " |"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--write", metavar="FILE", help="put the tables between the marks of this file")
    path = arguments.parse_args().write
    text = "\n".join(tables())
    if path is None:
        print(text)
        return
    begin, end = "<!-- prediction -->", "<!-- /prediction -->"
    with open(path, encoding="utf-8") as file:
        page = file.read()
    before, rest = page.split(begin, 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end, 1)[1]}")


if __name__ == "__main__":
    main()
