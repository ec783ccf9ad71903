using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>An encoder-decoder as teacher.</summary>
internal sealed class T5GemmaTeacher : ModelTeacher
{
    private readonly T5GemmaForConditionalGeneration _model;

    /// <summary>Takes a model and puts it into evaluation mode.</summary>
    /// <param name="model">The model; it stays the caller's.</param>
    /// <param name="temperature">Divisor of both logits.</param>
    public T5GemmaTeacher(T5GemmaForConditionalGeneration model, double temperature)
        : base(temperature)
    {
        _model = model;
        model.eval();
    }

    /// <inheritdoc/>
    public override long VocabSize => _model.Config.Decoder.VocabSize;

    /// <inheritdoc/>
    public override Device Device => _model.Device;

    /// <inheritdoc/>
    public override string? Fault(T5GemmaConfig student)
    {
        var own = _model.Config;
        return (own.Encoder.VocabSize, own.Decoder.VocabSize) == (student.Encoder.VocabSize, student.Decoder.VocabSize)
            ? null
            : $"teacher: expected vocabularies of {student.Encoder.VocabSize} and {student.Decoder.VocabSize} tokens (encoder, decoder) as the model has, got {own.Encoder.VocabSize} and {own.Decoder.VocabSize}";
    }

    /// <inheritdoc/>
    protected override Tensor StatesOfTargets(Seq2SeqTensors tensors) => Seq2SeqTask.States(_model, tensors).flatten(0, 1).index_select(0, tensors.Positions);

    /// <inheritdoc/>
    protected override Tensor ToLogits(Tensor states) => _model.ToLogits(states);
}
