using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Data;

/// <summary>Labelled texts side by side, padded on the right.</summary>
public sealed class ClassificationBatch : IMicroBatch
{
    private readonly long[,] _inputIds;
    private readonly long[,] _attentionMask;
    private readonly Func<Device, Tensor> _labels;
    private readonly int _stacks;

    private ClassificationBatch(int[][] texts, T5GemmaConfig config, long targets, Func<Device, Tensor> labels)
    {
        _inputIds = PaddedRows.Of(texts, config.PadTokenId ?? 0, out _attentionMask);
        (_stacks, _labels, Targets) = (config.IsEncoderDecoder ? 2 : 1, labels, targets);
        Tokens = _stacks * texts.Sum(text => (long)text.Length);
    }

    /// <inheritdoc/>
    public long Targets { get; }

    /// <inheritdoc/>
    public long Tokens { get; }

    /// <inheritdoc/>
    public long Cells => _stacks * _inputIds.LongLength;

    /// <summary>Texts with a label each.</summary>
    /// <param name="examples">At least one.</param>
    /// <param name="config">Configuration of the model: the kind of the labels, the number of classes, the padding.</param>
    /// <exception cref="ArgumentException">A label is not what the configuration says.</exception>
    public static ClassificationBatch OfTexts(IReadOnlyList<SequenceClassificationExample> examples, T5GemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(config);
        for (var row = 0; row < examples.Count; row++)
            Check(examples[row], row, config);
        return new ClassificationBatch([.. examples.Select(example => example.InputIds)], config, examples.Count, Labels());

        Func<Device, Tensor> Labels()
        {
            if (config.ProblemType == ProblemType.SingleLabelClassification)
            {
                long[] ids = [.. examples.Select(example => (long)example.Classes[0])];
                return device => torch.tensor(ids, device: device);
            }

            var values = new float[examples.Count, config.NumLabels];
            for (var row = 0; row < examples.Count; row++)
            {
                foreach (var id in examples[row].Classes)
                    values[row, id] = 1;
                if (examples[row].Value is { } value)
                    values[row, 0] = value;
            }

            return device => torch.tensor(values, device: device);
        }
    }

    /// <summary>Tokens with a label each.</summary>
    /// <param name="examples">At least one.</param>
    /// <param name="config">Configuration of the model: the number of classes, the padding.</param>
    /// <exception cref="ArgumentException">A label is no class, or there are more or fewer labels than tokens.</exception>
    public static ClassificationBatch OfTokens(IReadOnlyList<TokenClassificationExample> examples, T5GemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(config);
        for (var row = 0; row < examples.Count; row++)
        {
            var (ids, classes) = examples[row];
            if (ids.Length != classes.Length)
                throw new ArgumentException($"examples[{row}]: expected a label for each of {ids.Length} tokens, got {classes.Length}", nameof(examples));
            CheckClasses(classes.Where(label => label != Seq2SeqBatch.IgnoreIndex), row, config.NumLabels);
        }

        var labels = PaddedRows.Of([.. examples.Select(example => example.Labels)], Seq2SeqBatch.IgnoreIndex, out _);
        var targets = labels.Cast<long>().LongCount(label => label != Seq2SeqBatch.IgnoreIndex);
        return new ClassificationBatch([.. examples.Select(example => example.InputIds)], config, targets, device => torch.tensor(labels, device: device));
    }

    /// <summary>The batch on a device; the tensors belong to the caller's dispose scope.</summary>
    /// <param name="device">The device.</param>
    public ClassificationTensors To(Device device) => new(torch.tensor(_inputIds, device: device), torch.tensor(_attentionMask, device: device), _labels(device));

    private static void Check(SequenceClassificationExample example, int row, T5GemmaConfig config)
    {
        if (config.ProblemType == ProblemType.Regression)
        {
            if (example.Value is null || example.Classes.Length > 0)
                throw new ArgumentException($"examples[{row}]: expected a number and no class for regression, got {example.Classes.Length} classes", nameof(example));
            return;
        }

        if (example.Value is { } value)
            throw new ArgumentException($"examples[{row}]: expected classes for {config.ProblemType}, got the number {value}", nameof(example));
        if (config.ProblemType == ProblemType.SingleLabelClassification && example.Classes.Length != 1)
            throw new ArgumentException($"examples[{row}]: expected one class, got {example.Classes.Length}", nameof(example));
        CheckClasses(example.Classes, row, config.NumLabels);
    }

    // On a GPU a wrong class would end the process.
    private static void CheckClasses(IEnumerable<int> classes, int row, int count)
    {
        foreach (var id in classes)
        {
            if (id < 0 || id >= count)
                throw new ArgumentException($"examples[{row}]: expected classes from 0 to {count - 1}, got {id}", nameof(classes));
        }
    }
}
