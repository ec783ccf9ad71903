using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Tasks;
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
    {
        ArgumentNullException.ThrowIfNull(teacher);
        if (string.Join("; ", Faults(weight, temperature)) is { Length: > 0 } faults)
            throw new ArgumentException(faults);
        (Teacher, Weight, Temperature) = (teacher, weight, temperature);
        teacher.eval();
    }

    /// <summary>The teacher.</summary>
    public T5GemmaForConditionalGeneration Teacher { get; }

    /// <summary>Share of the teacher in the loss.</summary>
    public double Weight { get; }

    /// <summary>Divisor of both logits.</summary>
    public double Temperature { get; }

    internal static IEnumerable<string> Faults(double weight, double temperature)
    {
        if (weight is not (>= 0 and <= 1))
            yield return $"distillation weight: expected 0 to 1, got {weight}";
        if (!double.IsFinite(temperature) || temperature <= 0)
            yield return $"distillation temperature: expected above 0, got {temperature}";
    }

    /// <summary>The teacher's last hidden state for a batch [B, T, D of the teacher]; null where it has no share.</summary>
    internal Tensor? States(Seq2SeqTensors tensors)
    {
        if (Weight == 0)
            return null;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Seq2SeqTask.States(Teacher, tensors));
    }

    /// <summary>Loss of a few targets.</summary>
    /// <param name="logits">The model's logits [N, V].</param>
    /// <param name="teacherStates">The teacher's states there [N, D].</param>
    /// <param name="targets">The targets, int64 [N].</param>
    /// <param name="options">What the loss of the targets is.</param>
    /// <returns>The sum, float32 [].</returns>
    internal Tensor Sum(Tensor logits, Tensor teacherStates, Tensor targets, TokenLossOptions options)
    {
        using var scope = NewDisposeScope();
        var divergence = Divergence(TeacherLogProbabilities(teacherStates), logits) * (Weight * Temperature * Temperature);
        return scope.MoveToOuter(Weight == 1 ? divergence : divergence + (TokenLoss.Sum(logits, targets, options) * (1 - Weight)));
    }

    private Tensor TeacherLogProbabilities(Tensor states)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Softened(Teacher.ToLogits(states)));
    }

    private Tensor Divergence(Tensor teacher, Tensor logits) => (teacher.exp() * (teacher - Softened(logits))).sum();

    private Tensor Softened(Tensor logits) => (logits.to(ScalarType.Float32) / Temperature).log_softmax(-1);
}
