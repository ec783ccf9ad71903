"""The one change made to transformers: the local window of the encoder."""

from transformers import masking_utils

DESCRIPTION = "transformers.masking_utils.sliding_window_bidirectional_overlay replaced: |q-k| < W"


def _trained_window(sliding_window):
    """Mask function that lets a query see the keys at a distance below `sliding_window`."""

    def inside(batch_idx, head_idx, q_idx, kv_idx):
        return abs(q_idx - kv_idx) < sliding_window

    return inside


def patch_encoder_window():
    """Restores |q-k| < W, which the trained models, the JAX code and transformers 4.56 use; 5.x allows |q-k| <= W."""
    if not hasattr(masking_utils, "sliding_window_bidirectional_overlay"):
        raise RuntimeError("this transformers has no sliding_window_bidirectional_overlay: the window patch must be revised")
    masking_utils.sliding_window_bidirectional_overlay = _trained_window
