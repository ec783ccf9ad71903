using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Data.Files.Storage;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>Labels words; those of a text are what blanks part.</summary>
/// <param name="model">The model; disposed with this.</param>
/// <param name="labels">Names of its classes.</param>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="cutter">Cuts long texts.</param>
internal sealed class TokenLabeller(T5GemmaForTokenClassification model, LabelTable labels, T5GemmaTokenizer tokenizer, ExampleCutter cutter) : ILabeller
{
    public EncodedRow Encode(PredictionRow row)
    {
        if (row.SecondText is not null)
            throw new FormatException($"{row.Place}: expected one text or words, got two texts; the model labels words");
        var words = row.Words is { } given ? [.. given.Select(word => (Text: word, Start: 0))] : WordTokens.Split(row.Text!); // a row has one of both
        if (words.Count == 0)
            throw new FormatException($"{row.Place}: expected at least one word, got none");
        try
        {
            var (ids, wordOf) = WordTokens.Encode(tokenizer, [.. words.Select(word => word.Text)], parseSpecial: true);
            var cut = cutter.CutPlainly(ids);
            return new EncodedRow(row, cut, [.. words.Select((word, index) => new EncodedWord(word.Text, word.Start, Array.IndexOf(wordOf, index) is var token && token < cut.Length ? token : null))]);
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{row.Place}: {exception.Message}", exception);
        }
    }

    public IReadOnlyList<string> Label(IReadOnlyList<EncodedRow> batch)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var probabilities = HeadScores.Logits(model, batch, output => output.Logits).softmax(-1); // [B, T, C]
        return [.. batch.Select((row, index) => Describe(row, HeadScores.Rows(probabilities[index])))];
    }

    public void Dispose() => model.Dispose();

    private string Describe(EncodedRow row, float[][] probabilities)
        => PredictionJson.Words(row, [.. row.Words.Select(word => word.Token is { } token ? Best(probabilities[token]) : ((string, float)?)null)]);

    private (string Label, float Score) Best(float[] row)
    {
        var id = HeadScores.IndexOfMax(row);
        return (labels.Names[id], row[id]);
    }
}
