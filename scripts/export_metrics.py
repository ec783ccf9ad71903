#!/usr/bin/env python3
"""Writes what the reference tools make of generated predictions: the cases that the tests of the metrics replay.

    sacrebleu         bleu
    rouge_score       rouge, rouge_stemmed
    scikit-learn      accuracy, precision_recall_f1, matthews_correlation
    scipy             pearson, spearman
    seqeval           entity_f1
    torchmetrics      exact_match, squad_f1, the phoneme error rate of pronunciation

A tool that is not installed is named and its metrics are left out; with none of them, nothing is written. The file holds
the versions, the seed and a list of cases: the name of a metric, inputs as pairs of a prediction and its references, and
the expected numbers by their names. The same seed and versions give the same file.

    python scripts/export_metrics.py --out T5GemmaSharp.Tests/Fixtures/metrics.json [--seed 0] [--cases 40]
"""

import argparse
import importlib
import importlib.metadata
import json
import math
import random
import sys
import warnings
from pathlib import Path

FORMAT_VERSION = 1

WORDS = (
    "the a an The cat cats dies died agreed hopping hopped falling happily relational conditional generalizations geology "
    "enjoyment skies news rationally decisiveness electricity adjustable replacement controlling 3.5 1,000 1990-1995 U.S. "
    "don't state-of-the-art rate &amp; &quot;so&quot; <b> $5 50% e.g. İstanbul K naïve Über 東京 😀 _x_ x/y (ok) end. end, -- ..."
).split()
LABELS = ["neutral", "entailment", "contradiction", "other"]
TAGS = ["O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-MISC-X", "I-MISC-X", "B", "I"]
PHONEMES = "AA AE AH B CH D EH K S T".split()


def sentence(rng, longest):
    return [rng.choice(WORDS) for _ in range(rng.randint(1, longest))]


def changed(rng, items, choices, rate):
    """A copy with some items left out, replaced or repeated."""
    result = []
    for item in items:
        if rng.random() >= rate:
            result.append(item)
            continue
        result.extend(rng.choice([[], [rng.choice(choices)], [item, item]]))
    return result


def joined(rng, words, lines):
    """The words with blanks between them, or with the odd new line."""
    text = ""
    for word in words:
        text += (("\n" if lines and rng.random() < 0.2 else " ") if text else "") + word
    return text


def text_inputs(rng, lines, references):
    """Predictions that are rewritten references, one of them empty now and then."""
    inputs = []
    for _ in range(rng.randint(1, 6)):
        base = sentence(rng, 20)
        answers = [joined(rng, base, lines)]
        answers += [joined(rng, changed(rng, base, WORDS, 0.3) or ["x"], lines) for _ in range(rng.randint(0, references - 1))]
        prediction = "" if rng.random() < 0.1 else joined(rng, changed(rng, base, WORDS, rng.choice([0, 0.2, 0.8])), lines)
        inputs.append((prediction, answers))
    return inputs


def pair_inputs(rng, draw_expected, draw_predicted, length):
    """Pairs with one reference each."""
    inputs = []
    for _ in range(length):
        expected = draw_expected(rng)
        inputs.append((draw_predicted(rng, expected), [expected]))
    return inputs


def bleu(sacrebleu, rng):
    inputs = text_inputs(rng, lines=False, references=3)
    most = max(len(references) for _, references in inputs)
    streams = [[references[i] if i < len(references) else None for _, references in inputs] for i in range(most)]
    yield "bleu", inputs, {"bleu": sacrebleu.BLEU().corpus_score([prediction for prediction, _ in inputs], streams).score}


def rouge(rouge_scorer, rng):
    inputs = text_inputs(rng, lines=True, references=3)
    types = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    for metric, stemmer, suffix in (("rouge", False, ""), ("rouge_stemmed", True, "_stemmed")):
        scorer = rouge_scorer.RougeScorer(types, use_stemmer=stemmer)
        sums = dict.fromkeys(types, 0.0)
        for prediction, references in inputs:
            scores = [scorer.score(reference, prediction) for reference in references]
            for kind in types:
                sums[kind] += max(score[kind].fmeasure for score in scores)
        yield metric, inputs, {kind + suffix: 100 * total / len(inputs) for kind, total in sums.items()}


def classification(sklearn_metrics, rng):
    labels = LABELS[: rng.randint(1, len(LABELS))]
    right = rng.choice([0.0, 0.5, 1.0])
    inputs = pair_inputs(
        rng,
        lambda rng: rng.choice(labels),
        lambda rng, expected: expected if rng.random() < right else rng.choice(LABELS),
        rng.randint(1, 30),
    )
    predicted = [prediction for prediction, _ in inputs]
    expected = [references[0] for _, references in inputs]
    yield "accuracy", inputs, {"accuracy": sklearn_metrics.accuracy_score(expected, predicted)}
    yield "matthews_correlation", inputs, {"matthews_correlation": sklearn_metrics.matthews_corrcoef(expected, predicted)}
    values = {}
    for average in ("micro", "macro", "weighted"):
        scores = sklearn_metrics.precision_recall_fscore_support(expected, predicted, average=average, zero_division=0)
        values.update({f"{name}_{average}": score for name, score in zip(("precision", "recall", "f1"), scores)})
    yield "precision_recall_f1", inputs, values


def correlation(stats, rng):
    digits = rng.choice([0, 3])  # whole numbers have ties
    noise = rng.choice([0.0, 1.0, 5.0])
    inputs = pair_inputs(
        rng,
        lambda rng: repr(round(rng.uniform(0, 5), digits)),
        lambda rng, expected: repr(round(float(expected) + noise * rng.uniform(-1, 1), digits)),
        rng.randint(2, 30),
    )
    first = [float(prediction) for prediction, _ in inputs]
    second = [float(references[0]) for _, references in inputs]
    for metric, function in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        value = float(function(first, second)[0])
        yield metric, inputs, {metric: 0.0 if math.isnan(value) else value}  # ours is 0 where scipy's is undefined


def entities(seqeval_metrics, rng):
    inputs = []
    for _ in range(rng.randint(1, 6)):
        expected = [rng.choice(TAGS) for _ in range(rng.randint(1, 12))]
        predicted = [tag if rng.random() < 0.8 else rng.choice(TAGS) for tag in expected]
        inputs.append((" ".join(predicted), [" ".join(expected)]))
    predicted = [prediction.split() for prediction, _ in inputs]
    expected = [references[0].split() for _, references in inputs]
    functions = {"entity_precision": "precision_score", "entity_recall": "recall_score", "entity_f1": "f1_score"}
    yield "entity_f1", inputs, {name: getattr(seqeval_metrics, function)(expected, predicted, zero_division=0) for name, function in functions.items()}


def torch_texts(torchmetrics_text, rng):
    inputs = text_inputs(rng, lines=False, references=3)
    squad = torchmetrics_text.SQuAD()
    squad.update(
        [{"prediction_text": prediction, "id": str(i)} for i, (prediction, _) in enumerate(inputs)],
        [{"answers": {"answer_start": [0] * len(references), "text": references}, "id": str(i)} for i, (_, references) in enumerate(inputs)],
    )
    scores = squad.compute()
    yield "exact_match", inputs, {"exact_match": float(scores["exact_match"])}
    yield "squad_f1", inputs, {"squad_f1": float(scores["f1"])}

    inputs = []
    for _ in range(rng.randint(1, 6)):
        expected = [rng.choice(PHONEMES) for _ in range(rng.randint(1, 10))]
        inputs.append((" ".join(changed(rng, expected, PHONEMES, 0.3)), [" ".join(expected)]))
    rate = torchmetrics_text.WordErrorRate()([prediction for prediction, _ in inputs], [references[0] for _, references in inputs])
    yield "pronunciation", inputs, {"phoneme_error_rate": float(rate)}


# Package, module, and what makes cases with it. torchmetrics computes in float32, so its values are rounded to that.
TOOLS = [
    ("sacrebleu", "sacrebleu", bleu),
    ("rouge_score", "rouge_score.rouge_scorer", rouge),
    ("scikit-learn", "sklearn.metrics", classification),
    ("scipy", "scipy.stats", correlation),
    ("seqeval", "seqeval.metrics", entities),
    ("torchmetrics", "torchmetrics.text", torch_texts),
]
SINGLE_PRECISION = {"torchmetrics"}


def installed():
    for package, module, make in TOOLS:
        try:
            yield package, importlib.import_module(module), make
        except ImportError as error:
            print(f"left out: {package} ({error})", file=sys.stderr)


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=40, help="rounds of every tool")
    arguments = parser.parse_args()

    warnings.simplefilter("ignore")  # undefined correlations and scores are among the cases
    cases, packages = [], {}
    for package, module, make in installed():
        packages[package] = version(package)
        rng = random.Random(f"{arguments.seed}/{package}")  # so that a missing tool does not move the others
        for _ in range(arguments.cases):
            for metric, inputs, expected in make(module, rng):
                cases.append({
                    "metric": metric,
                    "inputs": inputs,
                    "expected": {name: float(value) for name, value in expected.items()},
                    "precision": "float32" if package in SINGLE_PRECISION else "float64",
                })
    if not cases:
        sys.exit("no reference tool is installed: nothing was written")
    content = {"version": FORMAT_VERSION, "seed": arguments.seed, "packages": packages, "cases": cases}
    arguments.out.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{arguments.out}: {len(cases)} cases from {', '.join(f'{name} {number}' for name, number in packages.items())}")


if __name__ == "__main__":
    main()
