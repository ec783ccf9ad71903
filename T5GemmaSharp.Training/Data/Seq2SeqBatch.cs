using T5GemmaSharp.Training.Tasks;
using T5GemmaSharp.Training.Teachers;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Data;

/// <summary>Pairs side by side, padded on the right.</summary>
public sealed class Seq2SeqBatch : IMicroBatch
{
    /// <summary>The label that the loss ignores.</summary>
    public const long IgnoreIndex = -100;

    private readonly long[,] _inputIds;
    private readonly long[,] _attentionMask;
    private readonly long[,] _labels;
    private readonly long[] _positions;
    private readonly int[] _kinds; // of the rows

    private Seq2SeqBatch(long[,] inputIds, long[,] attentionMask, long[,] labels, long[] positions, int[] kinds, long tokens)
        => (_inputIds, _attentionMask, _labels, _positions, _kinds, Tokens) = (inputIds, attentionMask, labels, positions, kinds, tokens);

    /// <inheritdoc/>
    public long Targets => _positions.Length;

    /// <inheritdoc/>
    public long Tokens { get; }

    /// <inheritdoc/>
    public long Cells => _inputIds.LongLength + _labels.LongLength;

    /// <summary>Puts pairs side by side.</summary>
    /// <param name="examples">At least one.</param>
    /// <param name="padId">Id of the padding token.</param>
    public static Seq2SeqBatch Create(IReadOnlyList<Seq2SeqExample> examples, long padId)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var inputs = PaddedRows.Of([.. examples.Select(example => example.InputIds)], padId, out var mask);
        var labels = PaddedRows.Of([.. examples.Select(example => example.Labels)], IgnoreIndex, out _);
        var positions = labels.Cast<long>().Select((label, position) => (label, position)).Where(pair => pair.label != IgnoreIndex).Select(pair => (long)pair.position);
        return new Seq2SeqBatch(inputs, mask, labels, [.. positions], [.. examples.Select(example => example.Kind)], examples.Sum(example => (long)example.Length.Tokens));
    }

    /// <summary>The batch on a device; the tensors belong to the caller's dispose scope.</summary>
    /// <param name="device">The device.</param>
    public Seq2SeqTensors To(Device device)
    {
        var labels = _labels.Cast<long>().ToArray();
        return new Seq2SeqTensors(
            torch.tensor(_inputIds, device: device),
            torch.tensor(_attentionMask, device: device),
            torch.tensor(_labels, device: device),
            torch.tensor(_positions, device: device),
            torch.tensor([.. _positions.Select(position => labels[position])], device: device));
    }

    /// <summary>What a file of a teacher says of the targets, in their order; null where nobody reads one.</summary>
    internal StoredRows? TeacherRows { get; set; }

    /// <summary>Kind of each target's example, in the order of the targets.</summary>
    internal IEnumerable<long> KindsOfTargets() => _positions.Select(position => (long)_kinds[position / _labels.GetLength(1)]);
}
