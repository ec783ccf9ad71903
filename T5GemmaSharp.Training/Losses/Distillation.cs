using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Teachers;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Losses;

/// <summary>A teacher whose probabilities a model learns to give: a t² KL(teacher || model) + (1 - a) times the loss of the targets, both at temperature t for the first part.</summary>
public sealed class Distillation
{
    /// <summary>Takes a teacher. It reads the same ids as the model, and is never changed.</summary>
    /// <param name="teacher">The teacher, of the same vocabulary, on the same device; it is put into evaluation mode. It stays the caller's.</param>
    /// <param name="weight">Share a of the teacher, 0 to 1.</param>
    /// <param name="temperature">Divisor t of both logits, above 0.</param>
    /// <exception cref="ArgumentException">A number is out of its range; the message names it.</exception>
    public Distillation(T5GemmaForConditionalGeneration teacher, double weight = 1, double temperature = 1)
        : this(new T5GemmaTeacher(teacher ?? throw new ArgumentNullException(nameof(teacher)), temperature), weight)
    {
    }

    /// <summary>Takes what a teacher has said before. The temperature is that of the file.</summary>
    /// <param name="teacher">A file of the same vocabulary and examples; it stays the caller's.</param>
    /// <param name="weight">Share a of the teacher, 0 to 1.</param>
    /// <exception cref="ArgumentException">The weight is out of its range.</exception>
    public Distillation(StoredTeacher teacher, double weight = 1)
        : this((ITeacher)(teacher ?? throw new ArgumentNullException(nameof(teacher))), weight)
    {
    }

    internal Distillation(ITeacher teacher, double weight)
    {
        if (string.Join("; ", Faults(weight, teacher.Temperature)) is { Length: > 0 } faults)
            throw new ArgumentException(faults);
        (Teacher, Weight) = (teacher, weight);
    }

    /// <summary>Share of the teacher in the loss.</summary>
    public double Weight { get; }

    /// <summary>Divisor of both logits.</summary>
    public double Temperature => Teacher.Temperature;

    /// <summary>The teacher.</summary>
    internal ITeacher Teacher { get; }

    internal static IEnumerable<string> Faults(double weight, double temperature)
    {
        if (weight is not (>= 0 and <= 1))
            yield return $"distillation weight: expected 0 to 1, got {weight}";
        if (!double.IsFinite(temperature) || temperature <= 0)
            yield return $"distillation temperature: expected above 0, got {temperature}";
    }

    /// <summary>What the teacher knows of a batch; null where it has no share.</summary>
    internal ITeacherTargets? Targets(Seq2SeqBatch batch, Seq2SeqTensors tensors) => Weight == 0 ? null : Teacher.Read(batch, tensors);

    /// <summary>Loss of a few targets.</summary>
    /// <param name="logits">The model's logits [n, V].</param>
    /// <param name="teacher">What the teacher knows of the batch.</param>
    /// <param name="from">Number of the first of these targets in the batch.</param>
    /// <param name="targets">The targets, int64 [n].</param>
    /// <param name="options">What the loss of the targets is.</param>
    /// <returns>float32 [n].</returns>
    internal Tensor Each(Tensor logits, ITeacherTargets teacher, long from, Tensor targets, TokenLossOptions options)
    {
        using var scope = NewDisposeScope();
        var divergence = teacher.Divergence(SoftenedLogits.LogProbabilities(logits, Temperature), from) * (Weight * Temperature * Temperature);
        return scope.MoveToOuter(Weight == 1 ? divergence : divergence + (TokenLoss.Each(logits, targets, options) * (1 - Weight)));
    }
}
