"""Random weights that leave no part of the model idle."""

import math

import torch

SCORE_SCALE = 0.5
BIAS_SCALE = 0.3
NORM_SCALE = 0.3


def _draw(name, parameter, config, configuration, generator):
    """One random tensor for the parameter called `name`."""
    stack = config.decoder if "decoder." in name else config.encoder
    noise = torch.randn(parameter.shape, generator=generator)
    if name.endswith("decoder.norm.weight") and config.tie_word_embeddings:
        # The tied head would mostly repeat its input token; factors of both signs and zero mean prevent it.
        return (noise - noise.mean()) * configuration.logit_scale - 1.0
    if name.endswith("norm.weight"):
        return noise * NORM_SCALE
    if name.endswith(".bias"):
        return noise * BIAS_SCALE
    scale = parameter.shape[-1] ** -0.5
    if name.endswith(("q_proj.weight", "k_proj.weight")):
        scale *= math.sqrt(configuration.attention_scale * math.sqrt(stack.query_pre_attn_scalar / stack.head_dim))
    elif name.startswith("lm_head."):
        scale *= configuration.logit_scale
    elif name.startswith("score."):
        scale *= SCORE_SCALE
    return noise * scale


@torch.no_grad()
def randomize(model, configuration, seed):
    """Fills every parameter: norms and biases are not zero, attention logits are large enough for the caps to act."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        parameter.copy_(_draw(name, parameter, model.config, configuration, generator))
    return model


@torch.no_grad()
def perturb(model, relative, seed):
    """Changes every weight by a relative normal error."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.mul_(1.0 + relative * torch.randn(parameter.shape, generator=generator))
    return model
