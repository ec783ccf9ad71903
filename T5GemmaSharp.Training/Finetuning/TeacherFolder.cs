using System.Globalization;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Losses;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>The folder of a teacher: another encoder-decoder with the model's tokenizer.</summary>
/// <param name="request">What the command line says about it.</param>
internal sealed class TeacherFolder(DistillationRequest request)
{
    /// <summary>What the course of a run depends on.</summary>
    public string Fingerprint => string.Create(CultureInfo.InvariantCulture, $"teacher {request.Teacher} {request.Weight} {request.Temperature}");

    /// <summary>Checks all that needs no weights.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <exception cref="ArgumentException">A number is out of range, or a token has another id there.</exception>
    public void Check(T5GemmaTokenizer tokenizer)
    {
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

    /// <summary>Loads the teacher; it is the caller's.</summary>
    /// <param name="options">Device and dtype.</param>
    public Distillation Load(PretrainedOptions options)
        => new(T5GemmaForConditionalGeneration.FromPretrained(request.Teacher, options), request.Weight, request.Temperature);
}
