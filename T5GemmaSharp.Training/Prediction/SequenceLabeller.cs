using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Data.Files.Storage;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>Labels texts.</summary>
/// <param name="model">The model; disposed with this.</param>
/// <param name="labels">Names of its classes.</param>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="cutter">Cuts long texts.</param>
internal sealed class SequenceLabeller(T5GemmaForSequenceClassification model, LabelTable labels, T5GemmaTokenizer tokenizer, ExampleCutter cutter) : ILabeller
{
    private const float Half = 0.5f;

    public EncodedRow Encode(PredictionRow row)
    {
        if (row.Text is not { } text)
            throw new FormatException($"{row.Place}: expected a text, got words; the model labels whole texts");
        int[] ids = [.. tokenizer.Encode(text), .. row.SecondText is { } second ? tokenizer.Encode(second) : []];
        return new EncodedRow(row, cutter.CutSource(ids), Words: []);
    }

    public IReadOnlyList<string> Label(IReadOnlyList<EncodedRow> batch)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var logits = HeadScores.Logits(model, batch, output => output.Logits);
        return (model.Config.ProblemType ?? (labels.Count == 1 ? ProblemType.Regression : ProblemType.SingleLabelClassification)) switch
        {
            ProblemType.Regression => [.. HeadScores.Rows(logits).Select(row => PredictionJson.Number(row[0]))],
            ProblemType.MultiLabelClassification => [.. HeadScores.Rows(logits.sigmoid()).Select(Several)],
            _ => [.. HeadScores.Rows(logits.softmax(-1)).Select(row => PredictionJson.Class(labels.Names, row, HeadScores.IndexOfMax(row)))],
        };
    }

    public void Dispose() => model.Dispose();

    private string Several(float[] row) => PredictionJson.Classes(labels.Names, row, [.. Enumerable.Range(0, row.Length).Where(id => row[id] > Half)]);
}
