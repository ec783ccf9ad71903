"""Shapes of the published models."""

from transformers import T5GemmaConfig

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
