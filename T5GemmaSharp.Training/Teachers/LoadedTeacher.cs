using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Adaptation;
using T5GemmaSharp.Training.Teachers.Gemma2;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>A teacher of a folder, with its weights.</summary>
internal sealed class LoadedTeacher : IDisposable
{
    private readonly IDisposable _model;

    private LoadedTeacher(ModelTeacher teacher, IDisposable model) => (Teacher, _model) = (teacher, model);

    /// <summary>The teacher.</summary>
    public ModelTeacher Teacher { get; }

    /// <summary>Loads an encoder-decoder, or a decoder-only Gemma 2.</summary>
    /// <param name="folder">Its folder; <c>config.json</c> says what it is.</param>
    /// <param name="options">Device and dtype.</param>
    /// <param name="temperature">Divisor of both logits.</param>
    public static LoadedTeacher FromPretrained(string folder, PretrainedOptions options, double temperature)
    {
        if (Gemma2Config.IsIn(folder))
        {
            var gemma = Gemma2ForCausalLM.FromPretrained(folder, options);
            return new LoadedTeacher(new Gemma2Teacher(gemma, temperature), gemma);
        }

        var model = T5GemmaForConditionalGeneration.FromPretrained(folder, options);
        return new LoadedTeacher(new T5GemmaTeacher(model, temperature), model);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => _model.Dispose();
}
