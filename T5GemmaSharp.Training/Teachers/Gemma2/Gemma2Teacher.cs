using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers.Gemma2;

/// <summary>A decoder-only model as teacher: it reads the source and goes on with the target.</summary>
/// <param name="model">The model; it stays the caller's.</param>
/// <param name="temperature">Divisor of both logits.</param>
internal sealed class Gemma2Teacher(Gemma2ForCausalLM model, double temperature) : ModelTeacher(temperature)
{
    /// <inheritdoc/>
    public override long VocabSize => model.Config.VocabSize;

    /// <inheritdoc/>
    public override Device Device => model.Device;

    /// <inheritdoc/>
    public override string? Fault(T5GemmaConfig student) => (VocabSize, VocabSize) == (student.Encoder.VocabSize, student.Decoder.VocabSize)
        ? null
        : $"teacher: expected vocabularies of {student.Encoder.VocabSize} and {student.Decoder.VocabSize} tokens (encoder, decoder) as the model has, got {VocabSize}";

    /// <inheritdoc/>
    protected override Tensor StatesOfTargets(Seq2SeqTensors tensors)
    {
        var batch = CausalBatch.Of(tensors, model.BosId, model.Config.PadTokenId ?? 0);
        return model.States(batch.InputIds, batch.Mask).flatten(0, 1).index_select(0, batch.Positions);
    }

    /// <inheritdoc/>
    protected override Tensor ToLogits(Tensor states) => model.ToLogits(states);
}
