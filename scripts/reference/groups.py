"""The key groups of a parity folder: each function returns the tensors of one group."""

import copy
import math

import torch

from reference import generation, inputs
from reference.inputs import BOS, IGNORED, PAD, SIDES

NUM_LABELS = 5
TRAIN_STEPS = 25
WARMUP_STEPS = 5
PROMPT_LENGTH = 9
TRIES = 10
TRAIN_LIMIT = 1e-5
GENERATION_LENGTHS = (14, 9, 6)
TRAIN_SOURCE_LENGTHS = (16, 12, 10)
TRAIN_TARGET_LENGTHS = (9, 6, 7)
TWIN_ERROR = 3e-6
HIDDEN_STATES = ("encoder_hidden_states", "decoder_hidden_states", "encoder_attentions", "decoder_attentions", "cross_attentions")


def source_vocab(configuration):
    """Ids that both stacks know: the classification heads feed the encoder's ids to the decoder."""
    return min(configuration.encoder["vocab_size"], configuration.decoder["vocab_size"])


def prefixed(prefix, tensors):
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _batch(configuration, side, generator):
    batch = inputs.source_batch(configuration.source_lengths, source_vocab(configuration), side, generator)
    batch["labels"] = inputs.target_labels(configuration.target_lengths, configuration.decoder["vocab_size"], generator)
    return batch


@torch.no_grad()
def forward(models, configuration, generator):
    """fwd.PAD.IMPL: logits and loss; hidden states and attentions once, for right padding and eager."""
    tensors = {}
    for side in SIDES:
        batch = _batch(configuration, side, generator)
        for implementation, model in models.items():
            recorded = side == "right" and implementation == "eager"
            output = model(**batch, output_hidden_states=recorded, output_attentions=recorded)
            group = {**batch, "logits": output.logits, "loss": output.loss}
            if recorded:
                group.update({f"{name}.{i}": tensor for name in HIDDEN_STATES for i, tensor in enumerate(output[name])})
                _check_encoder_window(output.encoder_attentions, batch["attention_mask"], model.config.encoder)
            tensors.update(prefixed(f"fwd.{side}.{implementation}", group))
    return tensors


@torch.no_grad()
def half_precision(model, tensors):
    """bf16: what transformers loses in bfloat16, on the inputs of fwd.right.eager.

    `reference` is computed in float32 with the weights rounded to bfloat16, `logits` in bfloat16 throughout.
    """
    batch = {name: tensors[f"fwd.right.eager.{name}"] for name in ("input_ids", "attention_mask", "labels")}
    rounded = copy.deepcopy(model).to(torch.bfloat16)
    logits = rounded(**batch).logits.float()
    return {"bf16.logits": logits, "bf16.reference": rounded.float()(**batch).logits}


def _check_encoder_window(attentions, mask, config):
    """Fails unless real queries see exactly the real keys at a distance below the window."""
    slots = torch.arange(mask.shape[1])
    distance = (slots[:, None] - slots[None, :]).abs()
    for layer_type, attention in zip(config.layer_types, attentions, strict=True):
        allowed = (distance < config.sliding_window) | torch.tensor(layer_type == "full_attention")
        expected = allowed[None] & (mask[:, None, :] == 1)
        seen = (attention > 0).all(dim=1)
        unseen = (attention == 0).all(dim=1)
        real = (mask == 1)[:, :, None]
        if not bool(torch.where(expected, seen, unseen)[real.expand_as(expected)].all()):
            raise RuntimeError(f"the encoder's {layer_type} does not have the window |q-k| < {config.sliding_window}")


@torch.no_grad()
def unmasked(model, configuration, generator):
    """nomask, keep2 and pos. Pads stand in the ids of nomask on purpose: who masks them, and where, differs by argument."""
    source = inputs.source_batch(configuration.source_lengths, source_vocab(configuration), "right", generator)
    target_mask = inputs.padding_mask(configuration.target_lengths, "left")
    decoder_ids = inputs.random_ids(target_mask.shape, configuration.decoder["vocab_size"], generator)
    decoder_ids = decoder_ids.masked_fill(target_mask == 0, PAD)
    ids = {"input_ids": source["input_ids"], "decoder_input_ids": decoder_ids}
    positions = {
        "position_ids": _positions(source["attention_mask"], generator),
        "decoder_position_ids": _positions(target_mask, generator),
        "attention_mask": source["attention_mask"],
        "decoder_attention_mask": target_mask,
    }
    return {
        **prefixed("nomask", {**ids, "logits": model(**ids).logits}),
        "keep2.logits": model(**ids, logits_to_keep=2).logits,
        **prefixed("pos", {**positions, "logits": model(**ids, **positions).logits}),
    }


def _positions(mask, generator):
    """Growing positions with gaps."""
    return torch.randint(1, 4, mask.shape, generator=generator).cumsum(dim=-1) + 2


def gradients(model, configuration, generator):
    """grad: one backward pass in training mode."""
    model = copy.deepcopy(model).train()
    batch = _batch(configuration, "right", generator)
    loss = model(**batch).loss
    loss.backward()
    found = {name: parameter.grad for name, parameter in model.named_parameters()}
    return {**prefixed("grad", {**batch, "loss": loss.detach()}), **prefixed("grad.param", found)}


def training(model, twin, configuration, generator):
    """train: batches, losses and norms, and by how much the losses of the twin differ at most, relative.

    The twin is the same model with weights changed by rounding; batches on which it goes another way are drawn again.
    """
    for _ in range(TRIES):
        batches = [_train_batch(configuration, SIDES[step % 2], generator) for step in range(TRAIN_STEPS)]
        losses, norms = training_curve(model, batches)
        moved = ((training_curve(twin, batches)[0] - losses) / losses).abs().max().item()
        if moved <= TRAIN_LIMIT:
            break
    else:
        raise generation.UnstableCaseError(f"training amplifies rounding to {moved:.3g} of the loss")
    tensors = {"train.losses": losses, "train.grad_norms": norms}
    for step, batch in enumerate(batches):
        tensors.update(prefixed(f"train.{step}", batch))
    return tensors, moved


def _train_batch(configuration, side, generator):
    batch = inputs.source_batch(TRAIN_SOURCE_LENGTHS, source_vocab(configuration), side, generator)
    batch["labels"] = inputs.target_labels(TRAIN_TARGET_LENGTHS, configuration.decoder["vocab_size"], generator)
    return batch


def training_curve(model, batches):
    """Losses and gradient norms (before clipping) of AdamW on a copy of the model, one step a batch."""
    model = copy.deepcopy(model).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _learning_rate_factor)
    losses, norms = [], []
    for batch in batches:
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).detach())
        losses.append(loss.detach())
        optimizer.step()
        schedule.step()
    return torch.stack(losses), torch.stack(norms)


def _learning_rate_factor(step):
    if step < WARMUP_STEPS:
        return step / WARMUP_STEPS
    return (1 + math.cos(math.pi * (step - WARMUP_STEPS) / (TRAIN_STEPS - WARMUP_STEPS))) / 2


def generations(model, twins, configuration, generator, seed):
    """gen: the tensors, and the entries of cases.json."""
    tensors, entries = {}, {}
    batches = {
        side: inputs.source_batch(GENERATION_LENGTHS, source_vocab(configuration), side, generator) for side in SIDES
    }
    probe = generation.run_case(model, batches["right"], {"max_new_tokens": generation.NEW_TOKENS, "min_new_tokens": generation.NEW_TOKENS}, seed)
    cases = generation.generation_cases(probe.sequences)
    for side, batch in batches.items():
        tensors.update(prefixed(f"gen.{side}", batch))
        for number, (name, args) in enumerate(cases.items()):
            key = f"gen.{name}.{side}"
            try:
                output, used = generation.find_stable(model, twins, batch, args, seed + 1000 * (number + 1))
            except Exception as error:
                entries[key] = {"args": args, "error": f"{type(error).__name__}: {error}"}
                continue
            entries[key] = {"args": args, "seed": used}
            few = side == "right" and args.get("num_return_sequences", 1) == 1 and args["max_new_tokens"] == generation.NEW_TOKENS
            tensors.update(prefixed(key, generation.case_tensors(output, args, with_scores=few)))
    tensors.update(_prompted(model, twins, batches["right"], configuration, generator))
    return tensors, entries


def _prompted(model, twins, batch, configuration, generator):
    """gen.prompt: transformers puts the start token in front of prompts that do not begin with it."""
    shape = (len(GENERATION_LENGTHS), PROMPT_LENGTH)
    for _ in range(TRIES):
        prompt = inputs.random_ids(shape, configuration.decoder["vocab_size"], generator)
        if configuration.prompt_starts_with_bos:
            prompt[:, 0] = BOS
        prompted = {**batch, "decoder_input_ids": prompt}
        try:
            output, _ = generation.find_stable(model, twins, prompted, {"max_new_tokens": generation.NEW_TOKENS}, 0)
        except generation.UnstableCaseError:
            continue
        return {"gen.prompt.decoder_input_ids": prompt, "gen.prompt.sequences": output.sequences}
    raise generation.UnstableCaseError("no prompt gives ids that rounding leaves alone")


@torch.no_grad()
def classification(model, head, mode, configuration, generator):
    """HEAD.MODE.PAD: logits, and every loss that the head has."""
    tensors = {}
    for side in SIDES:
        batch = inputs.source_batch(configuration.source_lengths, source_vocab(configuration), side, generator)
        group = {**batch, "logits": model(**batch).logits}
        losses = _sequence_losses if head == "seqcls" else _token_losses
        group.update(losses(model, batch, generator))
        tensors.update(prefixed(f"{head}.{mode}.{side}", group))
    return tensors


def _sequence_losses(model, batch, generator):
    rows = len(batch["input_ids"])
    labels = {
        "single_label_classification": torch.randint(0, NUM_LABELS, (rows,), generator=generator),
        "multi_label_classification": torch.randint(0, 2, (rows, NUM_LABELS), generator=generator).float(),
        "regression": torch.randn((rows, NUM_LABELS), generator=generator),
    }
    tensors = {}
    for problem_type, values in labels.items():
        model.config.problem_type = problem_type
        tensors.update(prefixed(problem_type, {"labels": values, "loss": model(**batch, labels=values).loss}))
    return tensors


def _token_losses(model, batch, generator):
    labels = torch.randint(0, NUM_LABELS, batch["input_ids"].shape, generator=generator)
    labels = labels.masked_fill(batch["attention_mask"] == 0, IGNORED)
    return {"labels": labels, "loss": model(**batch, labels=labels).loss}
