"""Generation cases: their arguments, and running them so that their ids do not hang on rounding."""

import torch

from reference.inputs import EOS, FIRST_WORD

NEW_TOKENS = 10
FORCED_WORD = 7
MINUS_INFINITY = -1e30
SEED_TRIES = 20


class UnstableCaseError(Exception):
    """The ids of a case depend on rounding, so another implementation could not be held to them."""


def generation_cases(probe):
    """The cases by name. `probe` is a plain greedy output: ids taken from it make bans, biases and ends take effect."""
    words = [[max(int(token), FIRST_WORD) for token in row[1:]] for row in probe]
    ends = list(dict.fromkeys([EOS, words[0][3], words[1][5]]))
    bad_words = [[words[0][0]], words[1][0:2], words[2][1:4], [FORCED_WORD + 1]]
    bias = [[[words[0][0]], -5.0], [words[1][0:2], -8.0], [words[2][0:2], 3.5], [[FORCED_WORD], 2.0]]
    cases = {
        "greedy": {},
        "greedy-long": {"max_new_tokens": 24},
        "greedy-no-cache": {"use_cache": False},
        "greedy-eos": {"eos_token_id": words[0][2]},
        "greedy-eos-list": {"eos_token_id": ends},
        "greedy-min-new-tokens": {"eos_token_id": ends, "min_new_tokens": 7},
        "repetition-penalty": {"repetition_penalty": 1.8},
        "repetition-penalty-below-one": {"repetition_penalty": 0.7},
        "no-repeat-1gram": {"no_repeat_ngram_size": 1},
        "no-repeat-2gram": {"no_repeat_ngram_size": 2, "repetition_penalty": 0.6},
        "encoder-repetition-penalty": {"encoder_repetition_penalty": 1.6},
        "encoder-repetition-penalty-below-one": {"encoder_repetition_penalty": 0.6},
        "encoder-no-repeat-1gram": {"encoder_no_repeat_ngram_size": 1},
        "encoder-no-repeat-2gram": {"encoder_no_repeat_ngram_size": 2, "encoder_repetition_penalty": 4.0},
        "bad-words": {"bad_words_ids": bad_words},
        "suppress-tokens": {"suppress_tokens": [words[0][0], words[1][3], words[2][5]]},
        "begin-suppress-tokens": {"begin_suppress_tokens": [row[0] for row in words]},
        "forced-bos": {"forced_bos_token_id": FORCED_WORD},
        "forced-eos": {"forced_eos_token_id": EOS},
        "forced-eos-list": {"forced_eos_token_id": [EOS, FORCED_WORD], "eos_token_id": ends},
        "sequence-bias": {"sequence_bias": bias},
        "exponential-decay": {"exponential_decay_length_penalty": [3, 1.6], "eos_token_id": ends},
        "combined": {
            "repetition_penalty": 1.3, "no_repeat_ngram_size": 2, "encoder_repetition_penalty": 1.2, "bad_words_ids": bad_words,
            "sequence_bias": bias, "suppress_tokens": [words[2][0]], "min_new_tokens": 4, "eos_token_id": ends,
        },
        **_beam_cases(ends, bad_words, bias),
        **_sampling_cases(ends, bad_words, bias),
    }
    return {name: {"max_new_tokens": NEW_TOKENS, **args} for name, args in cases.items()}


def _beam_cases(ends, bad_words, bias):
    search = {
        "beam-plain": {},
        "beam-two": {"num_beams": 2, "eos_token_id": ends},
        "beam-five-returns": {"num_beams": 5, "num_return_sequences": 4, "eos_token_id": ends},
        "beam-eos": {"eos_token_id": ends[-1]},
        "beam-no-cache": {"use_cache": False, "eos_token_id": ends},
        "beam-long": {"max_new_tokens": 20, "num_return_sequences": 2},
        "beam-length-penalty-zero": {"length_penalty": 0.0, "num_return_sequences": 3, "eos_token_id": ends},
        "beam-length-penalty-positive": {"length_penalty": 2.5, "num_return_sequences": 3, "eos_token_id": ends},
        "beam-length-penalty-negative": {"length_penalty": -1.0, "num_return_sequences": 3, "eos_token_id": ends},
        "beam-early": {"early_stopping": True, "num_return_sequences": 3, "eos_token_id": ends},
        "beam-early-length-penalty": {"early_stopping": True, "length_penalty": 1.7, "eos_token_id": ends},
        "beam-never": {"early_stopping": "never", "num_return_sequences": 3, "eos_token_id": ends},
        "beam-never-length-penalty-positive": {"early_stopping": "never", "length_penalty": 2.0, "num_return_sequences": 2, "eos_token_id": ends},
        "beam-never-length-penalty-negative": {"early_stopping": "never", "length_penalty": -0.5, "eos_token_id": ends},
        "beam-repetition-penalty": {"repetition_penalty": 1.6, "eos_token_id": ends},
        "beam-no-repeat-2gram": {"no_repeat_ngram_size": 2},
        "beam-encoder-repetition-penalty": {"encoder_repetition_penalty": 1.5, "num_return_sequences": 2},
        "beam-encoder-no-repeat-1gram": {"encoder_no_repeat_ngram_size": 1, "num_return_sequences": 2},
        "beam-bad-words": {"bad_words_ids": bad_words, "eos_token_id": ends},
        "beam-sequence-bias": {"sequence_bias": bias, "num_return_sequences": 2},
        "beam-min-new-tokens": {"min_new_tokens": 6, "eos_token_id": ends},
        "beam-forced-bos": {"forced_bos_token_id": FORCED_WORD},
        "beam-forced-eos": {"forced_eos_token_id": EOS, "num_return_sequences": 3},
        "beam-exponential-decay": {"exponential_decay_length_penalty": [2, 1.2], "eos_token_id": ends},
    }
    sample = {
        "beam-sample": {},
        "beam-sample-temperature": {"temperature": 1.7, "eos_token_id": ends, "num_return_sequences": 2},
        "beam-sample-top-k": {"top_k": 20, "temperature": 2.0, "eos_token_id": ends[-1]},
        "beam-sample-top-p": {"top_p": 0.97, "temperature": 3.0, "num_return_sequences": 3},
        "beam-sample-length-penalty": {"length_penalty": 2.0, "early_stopping": True, "temperature": 1.5, "eos_token_id": ends},
    }
    cases = {name: {"num_beams": 3, **args} for name, args in search.items()}
    cases.update({name: {"num_beams": 3, "do_sample": True, **args} for name, args in sample.items()})
    return cases


def _sampling_cases(ends, bad_words, bias):
    cases = {
        "sample": {},
        "sample-temperature": {"temperature": 0.6},
        "sample-hot": {"temperature": 2.5, "top_k": 0},
        "sample-top-k": {"top_k": 5, "temperature": 1.8},
        "sample-top-p": {"top_p": 0.8, "temperature": 1.8},
        "sample-min-p": {"min_p": 0.08, "temperature": 1.8},
        "sample-typical": {"typical_p": 0.7, "temperature": 1.8},
        "sample-epsilon": {"epsilon_cutoff": 0.02, "temperature": 1.8},
        "sample-eta": {"eta_cutoff": 0.03, "temperature": 1.8},
        "sample-all-warpers": {
            "temperature": 1.5, "top_k": 30, "top_p": 0.95, "min_p": 0.01, "typical_p": 0.95, "epsilon_cutoff": 0.002, "eta_cutoff": 0.002,
        },
        "sample-eos-list": {"eos_token_id": ends, "temperature": 1.6},
        "sample-returns": {"num_return_sequences": 3, "eos_token_id": ends, "temperature": 1.6},
        "sample-no-cache": {"use_cache": False, "temperature": 1.4},
        "sample-repetition-penalty": {"repetition_penalty": 1.5, "no_repeat_ngram_size": 2, "temperature": 1.6},
        "sample-encoder-penalties": {"encoder_repetition_penalty": 1.5, "encoder_no_repeat_ngram_size": 2, "num_return_sequences": 2},
        "sample-bans": {"bad_words_ids": bad_words, "sequence_bias": bias, "min_new_tokens": 5, "eos_token_id": ends, "temperature": 1.6},
    }
    return {name: {"do_sample": True, **args} for name, args in cases.items()}


@torch.no_grad()
def run_case(model, inputs, args, seed):
    """What generate returns for one case, with scores."""
    arguments = dict(args)
    if "exponential_decay_length_penalty" in arguments:
        arguments["exponential_decay_length_penalty"] = tuple(arguments["exponential_decay_length_penalty"])
    torch.manual_seed(seed)
    return model.generate(**inputs, **arguments, return_dict_in_generate=True, output_scores=True)


def case_tensors(output, args, with_scores):
    """The tensors to store of one case."""
    tensors = {"sequences": output.sequences}
    if args.get("num_beams", 1) > 1:
        tensors["sequences_scores"] = output.sequences_scores
    elif with_scores:
        scores = torch.stack(output.scores, dim=1)
        tensors["scores"] = scores.masked_fill(torch.isneginf(scores), MINUS_INFINITY)
    return tensors


def find_stable(model, twins, inputs, args, seed):
    """The output and seed of a case whose ids the twins (the same model with perturbed weights) reproduce.

    Sampled cases may change their seed to get there; others are refused with an exception.
    """
    tries = SEED_TRIES if args.get("do_sample") else 1
    for candidate in range(seed, seed + tries):
        output = run_case(model, inputs, args, candidate)
        if _draws_are_defined(model, output, args) and all(
            torch.equal(run_case(twin, inputs, args, candidate).sequences, output.sequences) for twin in twins
        ):
            return output, candidate
    raise UnstableCaseError("the ids depend on rounding")


def _draws_are_defined(model, output, args):
    """Beam sampling needs as many possible tokens in its first step as it draws: later ones would be arbitrary."""
    beams = args.get("num_beams", 1)
    if beams == 1 or not args.get("do_sample"):
        return True
    ends = args.get("eos_token_id", model.generation_config.eos_token_id)
    draws = beams * max(2, 1 + (len(ends) if isinstance(ends, list) else 1))
    return int(torch.isfinite(output.scores[0]).sum(dim=-1).min()) >= draws
