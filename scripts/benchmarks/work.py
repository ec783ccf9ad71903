"""What a model has to read or to compute, by its shapes alone: the formulas of Benchmarking/ModelWork.cs.

Matrices, keys and values, and attention between tokens that see each other; norms, embeddings and what an implementation
reads or computes besides are left out. Stacks are T5GemmaModuleConfig of transformers.
"""

SLIDING = "sliding_attention"
PASSES_OF_TRAINING = 3  # forward, and backward to inputs and weights


def step_bytes(decoder, sources, rows_per_source, source_length, new_tokens, element_size):
    """Bytes that a step of decoding has to read, the mean of the steps for the tokens after the first."""
    steps = range(2, new_tokens + 1)
    past = sum(sum(min(length, window or length) for length in steps) / len(steps) for window in _windows(decoder))
    cached = 2 * _key_size(decoder) * (sources * rows_per_source * past + decoder.num_hidden_layers * sources * source_length)
    return element_size * (_step_layer_elements(decoder) + decoder.vocab_size * decoder.hidden_size + cached)


def encode_flops(encoder, batch, length):
    """Operations of the encoder."""
    products = encoder.num_hidden_layers * length * (_self_attention(encoder) + _mlp(encoder))
    pairs = sum(_neighbours(length, window) for window in _windows(encoder))
    return 2 * batch * (products + 2 * _query_size(encoder) * pairs)


def training_flops(config, batch, source_length, target_length):
    """Operations of a step that trains all weights; layers that are computed again count once."""
    decoder = config.decoder
    cross = 2 * batch * source_length * config.encoder.hidden_size * decoder.num_hidden_layers * 2 * _key_size(decoder)
    products = target_length * (_step_layer_elements(decoder) + decoder.vocab_size * decoder.hidden_size)
    pairs = sum(_predecessors(target_length, window) for window in _windows(decoder)) + decoder.num_hidden_layers * target_length * source_length
    decode = 2 * batch * (products + 2 * _query_size(decoder) * pairs)
    return PASSES_OF_TRAINING * (encode_flops(config.encoder, batch, source_length) + cross + decode)


def _step_layer_elements(decoder):
    return decoder.num_hidden_layers * (_self_attention(decoder) + 2 * decoder.hidden_size * _query_size(decoder) + _mlp(decoder))


def _windows(stack):
    return [stack.sliding_window if kind == SLIDING else None for kind in stack.layer_types]


def _neighbours(length, window):
    width = min(window or length, length)
    return length * (2 * width - 1) - width * (width - 1)


def _predecessors(length, window):
    width = min(window or length, length)
    return width * (width + 1) / 2 + (length - width) * width


def _self_attention(stack):
    return 2 * stack.hidden_size * (_query_size(stack) + _key_size(stack))


def _mlp(stack):
    return 3 * stack.hidden_size * stack.intermediate_size


def _query_size(stack):
    return stack.num_attention_heads * stack.head_dim


def _key_size(stack):
    return stack.num_key_value_heads * stack.head_dim
