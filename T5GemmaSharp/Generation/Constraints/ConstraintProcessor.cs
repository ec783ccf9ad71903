using T5GemmaSharp.Generation.Constraints.Automata;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Constraints;

/// <summary>Forbids the tokens that a constraint does not allow.</summary>
internal sealed class ConstraintProcessor : LogitsProcessor
{
    private const string Forbidding = "minLength, minNewTokens, forcedBosTokenId, suppressTokens, beginSuppressTokens, badWordsIds, noRepeatNgramSize, encoderNoRepeatNgramSize, prefixAllowedTokens and other processors";

    private readonly TokenConstraint _constraint;
    private readonly int _promptLength;
    private readonly long[] _eosTokenIds;
    private readonly RowStates _rows;
    private readonly byte[] _bits = [1, 2, 4, 8, 16, 32, 64, 128];
    private readonly int? _padTokenId;
    private readonly int _beams;

    public ConstraintProcessor(TokenConstraint constraint, int promptLength, long[] eosTokenIds, int? padTokenId, int beams = 1)
    {
        (_constraint, _promptLength, _eosTokenIds, _padTokenId, _beams) = (constraint, promptLength, eosTokenIds, padTokenId, beams);
        _rows = new RowStates(constraint, eosTokenIds, padTokenId, promptLength) { HasBeams = beams > 1 };
    }

    /// <summary>The same for a generation of so many beams a source, of which some may come to where no token is left.</summary>
    public ConstraintProcessor ForBeams(int beams) => new(_constraint, _promptLength, _eosTokenIds, _padTokenId, beams);

    /// <inheritdoc/>
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        Check(inputIds, scores);
        using var scope = NewDisposeScope();
        var (rows, vocabulary) = ((int)scores.size(0), (int)scores.size(1));
        var newLength = (int)inputIds.size(1) - _promptLength;
        var states = _rows.Advance(rows, newLength == 0 ? [] : inputIds.narrow(1, _promptLength, newLength).cpu().contiguous().data<long>().ToArray());

        // Eight tokens travel in a byte and are told apart on the device.
        var width = (vocabulary + 7) / 8;
        var packed = new byte[rows * width];
        for (var row = 0; row < rows; row++)
            Fill(packed.AsSpan(row * width, width), states[row], row);
        using var bits = torch.tensor(_bits, device: scores.device);
        var allowed = torch.tensor(packed, [rows, width, 1], device: scores.device).bitwise_and(bits); // [rows, width, 8]
        scores.masked_fill_(allowed.eq(0).view(rows, -1).narrow(1, 0, vocabulary), double.NegativeInfinity);
        CheckRest(scores.amax([1]).cpu().data<float>().ToArray(), states, inputIds.size(1));
        return scores;
    }

    private void Check(Tensor inputIds, Tensor scores)
    {
        ArgumentNullException.ThrowIfNull(inputIds);
        ArgumentNullException.ThrowIfNull(scores);
        if (inputIds.dim() != 2 || inputIds.dtype != ScalarType.Int64 || inputIds.size(1) < _promptLength)
            throw new ArgumentException($"inputIds: expected int64 [rows, at least {_promptLength} (the prompt)], got {inputIds.dtype} [{string.Join(", ", inputIds.shape)}]", nameof(inputIds));
        var least = Math.Max(_constraint.VocabularySize, _eosTokenIds.Max() + 1);
        if (scores.dim() != 2 || scores.size(0) != inputIds.size(0) || scores.size(1) < least)
            throw new ArgumentException($"scores: expected [{inputIds.size(0)}, at least {least} (the ids of the tokenizer and of eos)], got [{string.Join(", ", scores.shape)}]", nameof(scores));
    }

    // A result without a token would go on with an arbitrary one. A beam without one falls behind the others.
    private void CheckRest(float[] best, DfaState?[] states, long length)
    {
        for (var row = 0; row < best.Length; row += _beams)
        {
            if (best.AsSpan(row, _beams).ContainsAnyExcept(float.NegativeInfinity) || Array.TrueForAll(states[row..(row + _beams)], state => state is null))
                continue;
            throw new GenerationConfigException([$"row {row}, position {length}: expected a token that the constraint allows, got none: other settings forbid all of them; look at {Forbidding}"]);
        }
    }

    private void Fill(Span<byte> bits, DfaState? state, int row)
    {
        if (state is not null)
            _constraint.Allowed(state).Bits.CopyTo(bits);
        foreach (var id in _eosTokenIds)
            Set(bits, (int)id, state is null or { IsAccepting: true });
        if (state is null && _padTokenId is { } pad)
            Set(bits, pad, true);
        if (!bits.ContainsAnyExcept((byte)0))
            throw new InvalidOperationException($"row {row}: no token can follow: the tokens that the constraint needs are among the eos ids [{string.Join(", ", _eosTokenIds)}], or missing in the vocabulary");
    }

    private static void Set(Span<byte> bits, int id, bool isAllowed)
    {
        var bit = (byte)(1 << (id & 7));
        bits[id >> 3] = (byte)(isAllowed ? bits[id >> 3] | bit : bits[id >> 3] & ~bit);
    }
}
