using System.Globalization;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Teachers;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>The folder of a teacher: an encoder-decoder or a decoder-only Gemma 2, with the model's tokenizer.</summary>
internal sealed class TeacherFolder : ITeacherSource
{
    private readonly DistillationRequest _request;
    private LoadedTeacher? _teacher;

    /// <summary>Checks all that needs no weights.</summary>
    /// <param name="request">What the command line says about it.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="ArgumentException">A number is out of range, or a token has another id there.</exception>
    public TeacherFolder(DistillationRequest request, T5GemmaTokenizer tokenizer)
    {
        _request = request;
        if (string.Join("; ", Distillation.Faults(request.Weight, request.Temperature)) is { Length: > 0 } faults)
            throw new ArgumentException(faults);
        var other = T5GemmaTokenizer.FromPretrained(request.Teacher);
        if (other.VocabularySize != tokenizer.VocabularySize)
            throw new ArgumentException($"{request.Teacher}: expected a teacher with the model's {tokenizer.VocabularySize} tokens, got {other.VocabularySize}");
        for (var id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (other.IdToToken(id) != tokenizer.IdToToken(id))
                throw new ArgumentException($"{request.Teacher}: expected a teacher with the model's tokens, where {id} is '{tokenizer.IdToToken(id)}', got '{other.IdToToken(id)}'");
        }
    }

    /// <inheritdoc/>
    public string Fingerprint => string.Create(CultureInfo.InvariantCulture, $"teacher {_request.Teacher} {_request.Weight} {_request.Temperature}");

    /// <inheritdoc/>
    public Distillation Load(PretrainedOptions options)
    {
        _teacher = LoadedTeacher.FromPretrained(_request.Teacher, options, _request.Temperature);
        return new Distillation(_teacher.Teacher, _request.Weight);
    }

    /// <inheritdoc/>
    public void Dispose() => _teacher?.Dispose();
}
