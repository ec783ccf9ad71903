"""The configurations that parity folders are made of.

Sizes within a configuration differ wherever the architecture allows it, so that a transposed or confused dimension
cannot pass. Every window is shorter than the sequences that run through it, unless the name says otherwise.
"""

from dataclasses import dataclass, field

from transformers import T5GemmaConfig

FULL = "full_attention"
SLIDING = "sliding_attention"


def _stack(vocab, hidden, intermediate, layers, heads, kv_heads, head_dim, scalar, window, theta=10000.0, **more):
    return {
        "vocab_size": vocab,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head_dim,
        "query_pre_attn_scalar": scalar,
        "sliding_window": window,
        "rope_parameters": {"rope_theta": theta, "rope_type": "default"},
        **more,
    }


@dataclass(frozen=True)
class Configuration:
    """A model configuration, the scales of its random weights and the shapes of its inputs.

    `attention_scale` is the standard deviation aimed at for attention logits, `logit_scale` the one for output logits
    before the final cap. `source_lengths` and `target_lengths` hold the real lengths of the rows of a batch.
    """

    encoder: dict
    decoder: dict
    top: dict = field(default_factory=dict)
    attention_scale: float = 1.6
    logit_scale: float = 2.5
    source_lengths: tuple = (22, 15, 9)
    target_lengths: tuple = (13, 8, 11)
    prompt_starts_with_bos: bool = False

    def build(self, **more):
        """A fresh T5GemmaConfig: model constructors change the one that they are given."""
        return T5GemmaConfig(
            encoder=dict(self.encoder), decoder=dict(self.decoder), vocab_size=self.decoder["vocab_size"], **self.top, **more
        )

    @property
    def trains(self):
        """Training groups are specified without dropout."""
        return not self.top.get("dropout_rate") and not self.top.get("attention_dropout")


_UNCAPPED = {"attention_bias": True, "attn_logit_softcapping": None, "final_logit_softcapping": None}

COMMITTED = {
    "balanced": Configuration(
        encoder=_stack(67, 32, 44, 3, 4, 2, 10, 23, 8),
        decoder=_stack(67, 32, 44, 3, 4, 2, 10, 23, 8),
    ),
    "unbalanced": Configuration(
        encoder=_stack(61, 36, 52, 3, 4, 2, 6, 11, 5),
        decoder=_stack(71, 24, 40, 2, 3, 3, 14, 29, 7),
        prompt_starts_with_bos=True,
    ),
    "biased": Configuration(
        encoder=_stack(
            59, 30, 46, 3, 5, 5, 8, 17, 6, layer_types=[FULL, SLIDING, SLIDING], hidden_activation="silu", rms_norm_eps=1e-5, **_UNCAPPED
        ),
        decoder=_stack(59, 28, 38, 2, 4, 2, 12, 9, 4, layer_types=[FULL, SLIDING], hidden_activation="silu", rms_norm_eps=1e-4, **_UNCAPPED),
        top={"tie_word_embeddings": False},
    ),
    "strongcaps": Configuration(
        encoder=_stack(
            73, 26, 42, 3, 2, 1, 14, 31, 6, theta=500.0, layer_types=[SLIDING] * 3, hidden_activation="gelu", attn_logit_softcapping=2.0
        ),
        decoder=_stack(
            73, 40, 34, 2, 4, 4, 8, 19, 9, theta=250000.0, layer_types=[FULL] * 2, attn_logit_softcapping=1.5, final_logit_softcapping=3.0
        ),
        attention_scale=4.0,
        prompt_starts_with_bos=True,
    ),
}

EXTENDED = {
    **COMMITTED,
    "larger": Configuration(
        encoder=_stack(97, 72, 98, 4, 8, 4, 10, 27, 11),
        decoder=_stack(97, 60, 76, 3, 4, 2, 14, 13, 9),
        source_lengths=(40, 27, 40, 6),
        target_lengths=(21, 30, 12, 19),
    ),
    "multiquery": Configuration(
        encoder=_stack(79, 54, 51, 2, 6, 1, 10, 7, 2, hidden_activation="relu"),
        decoder=_stack(79, 45, 37, 3, 5, 1, 14, 33, 3, hidden_activation="gelu_new"),
        source_lengths=(17, 5, 12),
    ),
    "dropout": Configuration(
        encoder=_stack(63, 34, 50, 2, 2, 2, 16, 16, 4096, hidden_activation="gelu_fast"),
        decoder=_stack(63, 42, 30, 3, 3, 1, 12, 21, 4096, hidden_activation="mish"),
        top={"dropout_rate": 0.3, "attention_dropout": 0.2, "classifier_dropout_rate": 0.4},
    ),
    "eoslist": Configuration(
        encoder=_stack(83, 33, 47, 2, 3, 3, 8, 15, 7, eos_token_id=[1, 9]),
        decoder=_stack(69, 38, 55, 4, 2, 1, 18, 5, 6, eos_token_id=[1, 9], hidden_activation="quick_gelu"),
        top={"eos_token_id": [1, 9]},
    ),
    "slidingdecoder": Configuration(
        encoder=_stack(57, 39, 43, 3, 3, 1, 12, 25, 9, layer_types=[FULL] * 3, attn_logit_softcapping=None),
        decoder=_stack(
            57, 36, 28, 4, 6, 3, 10, 20, 5, theta=1000.0, layer_types=[SLIDING] * 4, attention_bias=True, attn_logit_softcapping=0.8
        ),
        top={"tie_word_embeddings": False},
        attention_scale=3.0,
    ),
    # Windows as long as the sequences, single layers and heads, a row of one token and a row of padding alone.
    "edges": Configuration(
        encoder=_stack(53, 29, 35, 1, 1, 1, 6, 12, 22, hidden_activation="relu2"),
        decoder=_stack(53, 31, 27, 1, 1, 1, 4, 3, 13, hidden_activation="tanh"),
        source_lengths=(22, 1, 0),
    ),
}

SETS = {"committed": COMMITTED, "extended": EXTENDED}
