using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Tests.Training.Tasks;

/// <summary>Small models with heads of three classes, or one number, and sixteen labelled texts of 3 to 6 tokens.</summary>
internal static class HeadSample
{
    public const int Classes = 3;

    private const int Count = 16;

    // No id is a special one.
    private static readonly int[][] Texts = [.. Enumerable.Range(0, Count).Select(row => Enumerable.Range(0, 3 + (row % 4)).Select(column => 5 + ((((row + 3) * 7) + (column * column * 5)) % 50)).ToArray())];

    public static ListSource<SequenceClassificationExample> Sequences(ProblemType problem)
        => new([.. Texts.Select((text, row) => new SequenceClassificationExample(text, ClassesOf(problem, row), problem == ProblemType.Regression ? (row % 5) - 1.5f : null))], example => example.InputIds.Length);

    /// <summary>Labelled tokens: every third has no label.</summary>
    public static ListSource<TokenClassificationExample> Tokens()
        => new([.. Texts.Select((text, row) => new TokenClassificationExample(text, [.. text.Select((id, column) => (row + column) % 3 == 2 ? -100 : id % Classes)]))], example => example.InputIds.Length);

    public static T5GemmaForSequenceClassification SequenceModel(ProblemType problem, bool isEncoderDecoder, double dropout = 0)
        => (T5GemmaForSequenceClassification)SampleModel.Random(
            ModelClass.All[isEncoderDecoder ? 3 : 4], Config(problem == ProblemType.Regression ? 1 : Classes, dropout) with { ProblemType = problem });

    public static T5GemmaForTokenClassification TokenModel(bool isEncoderDecoder, double dropout = 0)
        => (T5GemmaForTokenClassification)SampleModel.Random(ModelClass.All[isEncoderDecoder ? 5 : 6], Config(Classes, dropout));

    /// <summary>A task; null stands for the labels of tokens. The caller disposes its model.</summary>
    public static ITrainingTask Task(ProblemType? problem, bool isEncoderDecoder, bool isSegmented = false, double dropout = 0) => problem is { } kind
        ? new SequenceClassificationTask(SequenceModel(kind, isEncoderDecoder, dropout), Sequences(kind), isSegmented: isSegmented)
        : new TokenClassificationTask(TokenModel(isEncoderDecoder, dropout), Tokens(), isSegmented: isSegmented);

    private static T5GemmaConfig Config(int classes, double dropout) => SampleModel.Config.WithNumLabels(classes) with
    {
        ClassifierDropoutRate = dropout,
        Encoder = SampleModel.Config.Encoder with { DropoutRate = dropout },
        Decoder = SampleModel.Config.Decoder with { DropoutRate = dropout },
    };

    private static int[] ClassesOf(ProblemType problem, int row) => problem switch
    {
        ProblemType.Regression => [],
        ProblemType.MultiLabelClassification => [.. Enumerable.Range(0, Classes).Where(id => ((row >> id) & 1) == 1)],
        _ => [row % Classes],
    };
}
