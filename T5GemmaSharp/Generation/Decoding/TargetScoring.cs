using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Log-likelihoods of given targets. The logits of the large vocabulary are made for a few positions at a time.</summary>
internal static class TargetScoring
{
    private const long MaximumLogits = 1 << 26; // of one slice: 256 MB of float32

    /// <summary>Scores targets.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">B sources.</param>
    /// <param name="labels">Target ids [N, T], -100 where there is none; N is a multiple of B, and targets of a source stand together.</param>
    public static TargetScores Score(T5GemmaForConditionalGeneration model, EncodedSource source, Tensor labels)
    {
        using var scope = NewDisposeScope();
        Check(model, source, labels);
        var perSource = labels.size(0) / source.BatchSize;
        var states = source.EncoderOutputs.LastHiddenState;
        labels = labels.to(states.device);
        var output = model.Model.call(new T5GemmaInputs
        {
            EncoderOutputs = new() { LastHiddenState = states.repeat_interleave(perSource, dim: 0) },
            AttentionMask = source.AttentionMask is { } mask ? mask.repeat_interleave(perSource, dim: 0) : null,
            DecoderInputIds = ShiftRight.Apply(labels, model.Config.Decoder),
            UseCache = false,
        });
        var exists = labels.ne(ShiftRight.IgnoreIndex);
        var logProbabilities = LogProbabilities(model, output.LastHiddenState, labels.masked_fill(exists.logical_not(), 0)).masked_fill(exists.logical_not(), 0);
        return new TargetScores(
            scope.MoveToOuter(logProbabilities),
            scope.MoveToOuter(logProbabilities.sum(1)),
            scope.MoveToOuter(exists.sum(1)));
    }

    private static Tensor LogProbabilities(T5GemmaForConditionalGeneration model, Tensor hiddenStates, Tensor ids)
    {
        using var scope = NewDisposeScope();
        var (rows, length) = (ids.size(0), ids.size(1));
        var slice = Math.Max(1, MaximumLogits / (model.Config.Decoder.VocabSize * rows));
        var parts = new List<Tensor>();
        for (var start = 0L; start < length; start += slice)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(slice, length - start);
            var logits = model.ToLogits(hiddenStates.narrow(1, start, count)).to(ScalarType.Float32);
            var chosen = logits.gather(2, ids.narrow(1, start, count).unsqueeze(2)).squeeze(2);
            parts.Add(inner.MoveToOuter(chosen - logits.logsumexp(2)));
        }

        return scope.MoveToOuter(torch.cat(parts, dim: 1));
    }

    private static void Check(T5GemmaForConditionalGeneration model, EncodedSource source, Tensor labels)
    {
        source.CheckUsableBy(model);
        if (labels.dim() != 2 || labels.size(1) == 0 || labels.dtype != ScalarType.Int64 || labels.size(0) == 0 || labels.size(0) % source.BatchSize != 0)
            throw new ArgumentException($"labels: expected int64 [a multiple of {source.BatchSize}, length of at least 1], got {labels.dtype} [{string.Join(", ", labels.shape)}]", nameof(labels));
        using var cpu = labels.cpu();
        Losses.CheckClasses(cpu, model.Config.Decoder.VocabSize);
    }
}
