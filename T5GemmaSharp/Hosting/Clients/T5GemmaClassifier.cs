using T5GemmaSharp.Configuration;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Telemetry;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Labels with a model of the service.</summary>
internal sealed class T5GemmaClassifier(T5GemmaEngine engine) : IT5GemmaClassifier
{
    private const float Half = 0.5f;

    public async Task<IReadOnlyList<string>> GetLabelsAsync(CancellationToken cancellationToken = default)
    {
        var model = await engine.LoadedAsync(cancellationToken).ConfigureAwait(false);
        return model.Model is T5GemmaForSequenceClassification or T5GemmaForTokenClassification ? Names(model.Config) : throw NoHead(model, "labels");
    }

    public async Task<IReadOnlyList<T5GemmaTextPrediction>> ClassifyAsync(IEnumerable<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string[] all = [.. texts];
        if (all.Length == 0)
            return [];
        T5GemmaConfig? config = null;
        var work = await engine.SubmitAsync(
            model =>
            {
                if (model.Model is not T5GemmaForSequenceClassification)
                    throw NoHead(model, "whole texts");
                config = model.Config;
                return Work([.. all.Select(text => TextRows.Encode(model, text, engine.Options))], cancellationToken);
            },
            cancellationToken).ConfigureAwait(false);
        var rows = await work.Result.ConfigureAwait(false);
        return [.. rows.Select(row => Prediction(row, config!))]; // set before the request was accepted
    }

    public async Task<IReadOnlyList<IReadOnlyList<T5GemmaWordPrediction>>> ClassifyWordsAsync(IEnumerable<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        string[] all = [.. texts];
        if (all.Length == 0)
            return [];
        List<WordRow>? words = null;
        IReadOnlyList<string> names = [];
        var work = await engine.SubmitAsync(
            model =>
            {
                if (model.Model is not T5GemmaForTokenClassification)
                    throw NoHead(model, "words");
                names = Names(model.Config);
                words = [.. all.Select(text => WordRow.Encode(model, text, engine.Options))];
                return Work([.. words.Select(row => row.Ids)], cancellationToken);
            },
            cancellationToken).ConfigureAwait(false);
        var rows = await work.Result.ConfigureAwait(false);
        return [.. words!.Select((row, index) => row.Predictions(rows[index], names))]; // set before the request was accepted
    }

    private RowsWork Work(IReadOnlyList<int[]> rows, CancellationToken cancellationToken)
        => new(new HeadRows(), rows, engine.Options.RequestTimeout, cancellationToken) { Operation = TelemetryNames.Classify };

    private NotSupportedException NoHead(HostedModel model, string what) => new($"the model {engine.ModelId} is a {model.Model.GetType().Name}, which does not classify {what}");

    private static IReadOnlyList<string> Names(T5GemmaConfig config) => config.Id2Label ?? [.. Enumerable.Range(0, config.NumLabels).Select(id => $"LABEL_{id}")];

    private static T5GemmaTextPrediction Prediction(float[] row, T5GemmaConfig config)
    {
        var names = Names(config);
        return new T5GemmaTextPrediction(
            HeadRows.ProblemOf(config) switch
            {
                ProblemType.Regression => [],
                ProblemType.MultiLabelClassification => [.. names.Where((_, id) => row[id] > Half)],
                _ => [names[Array.IndexOf(row, row.Max())]],
            },
            row);
    }

    /// <summary>A text in ids, and the tokens that carry its words' labels.</summary>
    private sealed record WordRow(int[] Ids, IReadOnlyList<(string Text, int Start)> Words, int[] WordOfToken)
    {
        public static WordRow Encode(HostedModel model, string? text, T5GemmaOptions limits)
        {
            if (text is null)
                throw new ArgumentException("texts: expected texts, one of them is null");
            SourceLimits.CheckCharacters(text.Length, limits.MaxInputCharacters);
            var words = WordTokens.Split(text);
            if (words.Count == 0)
                throw new ArgumentException("texts: expected at least one word in each, got a text of blanks");
            var (ids, wordOf) = WordTokens.Encode(model.Tokenizer, [.. words.Select(word => word.Text)], parseSpecial: false);
            SourceLimits.CheckTokens(ids.Length, limits.MaxInputTokens);
            SourceLimits.CheckIds(ids, model.Config.Encoder.VocabSize);
            return new WordRow(ids, words, wordOf);
        }

        public IReadOnlyList<T5GemmaWordPrediction> Predictions(float[] probabilities, IReadOnlyList<string> names)
            => [.. Words.Select((word, index) => Prediction(word, probabilities.AsSpan(Array.IndexOf(WordOfToken, index) * names.Count, names.Count), names))];

        private static T5GemmaWordPrediction Prediction((string Text, int Start) word, ReadOnlySpan<float> probabilities, IReadOnlyList<string> names)
        {
            var best = 0;
            for (var id = 1; id < probabilities.Length; id++)
                best = probabilities[id] > probabilities[best] ? id : best;
            return new T5GemmaWordPrediction(word.Text, word.Start, names[best], probabilities[best]);
        }
    }
}
