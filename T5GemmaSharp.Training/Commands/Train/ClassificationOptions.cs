using System.CommandLine;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Finetuning.Classification;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Options of training a classification head.</summary>
internal static class ClassificationOptions
{
    private const double WarmupShare = 0.06;

    private static readonly Option<ProblemType?> Problem = new("--problem-type") { Description = "What is to be learned of a text. Default: by its labels, numbers with a point are Regression, lists MultiLabelClassification." };
    private static readonly Option<bool> EncoderDecoder = new("--encoder-decoder") { Description = "Put the head on the decoder. Default: on the encoder, without a decoder." };
    private static readonly Option<double?> Dropout = NumberOption.Create<double>("--classifier-dropout", "Dropout rate of the head. Default 0.1.");

    public static IReadOnlyList<Option> All { get; } = [Problem, EncoderDecoder, Dropout];

    public static ClassificationRequest Read(ParseResult result, bool ofTokens)
    {
        if (ofTokens && result.GetValue(Problem) is { } problem)
            throw new UsageException($"{Problem.Name}: expected none for the labels of words, got {problem}");
        var defaults = new ClassificationRequest();
        return new ClassificationRequest
        {
            Problem = result.GetValue(Problem),
            IsEncoderDecoder = result.GetValue(EncoderDecoder),
            Dropout = result.GetValue(Dropout) ?? defaults.Dropout,
        };
    }

    /// <summary>Settings of the trainer for a whole model with a head.</summary>
    public static TrainingOptions Defaults(ParseResult result, TrainingOptions finetuning) => finetuning with
    {
        BatchSize = 32,
        LearningRate = 2e-5,
        WarmupSteps = (int)(WarmupShare * TrainerOptions.StepsOr(result, finetuning.Steps)),
    };
}
