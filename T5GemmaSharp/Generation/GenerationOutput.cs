using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>Result of a generation. Its tensors belong to the caller's dispose scope. R rows are B sources times the results of each.</summary>
/// <remarks>HF: <c>GenerateEncoderDecoderOutput</c>, <c>GenerateBeamEncoderDecoderOutput</c>. Lists of lists go by step, then by layer.</remarks>
public sealed record GenerationOutput
{
    /// <summary>Ids [R, length], int64: start token, prompt, new tokens, padding.</summary>
    public required Tensor Sequences { get; init; }

    /// <summary>Who computed the decoder's steps, and why nobody faster did.</summary>
    public required DecodingRoute Route { get; init; }

    /// <summary>Scores of every step after all changes, float32, [R, V]; with beams log-probabilities [B * beams, V] before the sums are added. Null unless asked for.</summary>
    public IReadOnlyList<Tensor>? Scores { get; init; }

    /// <summary>The model's own logits of every step, float32, [R or B * beams, V]; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? Logits { get; init; }

    /// <summary>Beam search: the final score of every result [R], float32: sum of log-probabilities, divided by a power of the length. Else null.</summary>
    public Tensor? SequencesScores { get; init; }

    /// <summary>Beam search: the row of <see cref="Scores"/> that each new token came from [R, steps], int64; -1 after the end. Else null.</summary>
    public Tensor? BeamIndices { get; init; }

    /// <summary>The encoder's hidden states; null unless asked for, or when the encoder was not run.</summary>
    public IReadOnlyList<Tensor>? EncoderHiddenStates { get; init; }

    /// <summary>The encoder's attention probabilities; null unless asked for, or when the encoder was not run.</summary>
    public IReadOnlyList<Tensor>? EncoderAttentions { get; init; }

    /// <summary>The decoder's hidden states; null unless asked for.</summary>
    public IReadOnlyList<IReadOnlyList<Tensor>>? DecoderHiddenStates { get; init; }

    /// <summary>The decoder's self-attention probabilities; null unless asked for.</summary>
    public IReadOnlyList<IReadOnlyList<Tensor>>? DecoderAttentions { get; init; }

    /// <summary>The cross-attention probabilities; null unless asked for.</summary>
    public IReadOnlyList<IReadOnlyList<Tensor>>? CrossAttentions { get; init; }

    /// <summary>All tensors, for moving between scopes.</summary>
    internal IEnumerable<Tensor> Tensors()
    {
        var steps = new[] { DecoderHiddenStates, DecoderAttentions, CrossAttentions }.SelectMany(list => list ?? []).SelectMany(layers => layers);
        var lists = new[] { Scores, Logits, EncoderHiddenStates, EncoderAttentions }.SelectMany(list => list ?? []);
        return new[] { Sequences, SequencesScores, BeamIndices }.OfType<Tensor>().Concat(lists).Concat(steps);
    }
}
