using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>What a command line says about a classification head.</summary>
internal sealed record ClassificationRequest
{
    /// <summary>What is to be learned of a text; null: what its labels look like.</summary>
    public ProblemType? Problem { get; init; }

    /// <summary>Whether the head sits on the decoder; else on the encoder, unless the folder of the model has a head on the decoder.</summary>
    public bool IsEncoderDecoder { get; init; }

    /// <summary>Dropout rate of the head.</summary>
    public double Dropout { get; init; } = 0.1;
}
