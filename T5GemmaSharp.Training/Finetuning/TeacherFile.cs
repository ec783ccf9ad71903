using System.Globalization;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Teachers;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>A file of what a teacher has said of the examples.</summary>
internal sealed class TeacherFile : ITeacherSource
{
    private readonly StoredTeacher _teacher;
    private readonly double _weight;

    /// <summary>Opens the file and checks all that needs no examples.</summary>
    /// <param name="request">What the command line says about it.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="ArgumentException">The weight is out of range.</exception>
    /// <exception cref="InvalidDataException">The file is something else, or of another tokenizer.</exception>
    /// <exception cref="SafetensorsFormatException">The file is damaged.</exception>
    public TeacherFile(DistillationRequest request, T5GemmaTokenizer tokenizer)
    {
        _weight = request.Weight;
        _teacher = StoredTeacher.Open(request.Teacher);
        try
        {
            _ = new Distillation(_teacher, _weight);
            _teacher.Check(tokenizer);
        }
        catch
        {
            _teacher.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Fingerprint => string.Create(CultureInfo.InvariantCulture, $"teacher {_teacher.Digest} {_weight}");

    /// <inheritdoc/>
    public Distillation Load(PretrainedOptions options) => new(_teacher, _weight);

    /// <inheritdoc/>
    public void Dispose() => _teacher.Dispose();
}
