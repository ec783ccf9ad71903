"""Random padded batches."""

import torch

PAD, EOS, BOS = 0, 1, 2
FIRST_WORD = 3
IGNORED = -100
SIDES = ("right", "left")


def random_ids(shape, vocab_size, generator):
    """Ids without the special ones."""
    return torch.randint(FIRST_WORD, vocab_size, shape, generator=generator)


def padding_mask(lengths, side):
    """1 at real tokens, 0 at padding, [rows, longest]."""
    slots = torch.arange(max(lengths))
    rows = [slots < length if side == "right" else slots >= max(lengths) - length for length in lengths]
    return torch.stack(rows).long()


def source_batch(lengths, vocab_size, side, generator):
    """Encoder ids and their mask."""
    mask = padding_mask(lengths, side)
    ids = random_ids(mask.shape, vocab_size, generator)
    return {"input_ids": ids.masked_fill(mask == 0, PAD), "attention_mask": mask}


def target_labels(lengths, vocab_size, generator):
    """Labels, padded on the right with the ignored index, with one ignored position inside the first row."""
    mask = padding_mask(lengths, "right")
    labels = random_ids(mask.shape, vocab_size, generator).masked_fill(mask == 0, IGNORED)
    labels[0, lengths[0] // 2] = IGNORED
    return labels
