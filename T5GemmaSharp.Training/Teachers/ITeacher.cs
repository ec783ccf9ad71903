using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>What gives the probabilities that a model learns.</summary>
internal interface ITeacher
{
    /// <summary>Divisor of the teacher's and the model's logits.</summary>
    double Temperature { get; }

    /// <summary>Why a model cannot learn from it; null: it can.</summary>
    /// <param name="student">Configuration of the model.</param>
    string? Fault(T5GemmaConfig student);

    /// <summary>What it knows of a batch's targets; the tensors belong to the caller's dispose scope.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="tensors">The same on the model's device.</param>
    ITeacherTargets Read(Seq2SeqBatch batch, Seq2SeqTensors tensors);
}
