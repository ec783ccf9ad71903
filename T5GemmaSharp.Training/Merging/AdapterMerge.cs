using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tokenization.Formats;
using T5GemmaSharp.Training.Checkpointing;

namespace T5GemmaSharp.Training.Merging;

/// <summary>Writes a model that has an adapter's change in its weights.</summary>
internal static class AdapterMerge
{
    private static readonly Dictionary<string, Action<Folders, PretrainedOptions>> Writers = new()
    {
        [nameof(T5GemmaForConditionalGeneration)] = (folders, options) => Write(T5GemmaForConditionalGeneration.FromPretrained(folders.Model, options), folders),
        [nameof(T5GemmaForSequenceClassification)] = (folders, options) => Write(T5GemmaForSequenceClassification.FromPretrained(folders.Model, options), folders),
        [nameof(T5GemmaForTokenClassification)] = (folders, options) => Write(T5GemmaForTokenClassification.FromPretrained(folders.Model, options), folders),
        [nameof(T5GemmaModel)] = (folders, options) => Write(T5GemmaModel.FromPretrained(folders.Model, options), folders),
        [nameof(T5GemmaEncoderModel)] = (folders, options) => Write(T5GemmaEncoderModel.FromPretrained(folders.Model, options), folders),
    };

    /// <summary>Merges on the CPU, in the dtype of the base model.</summary>
    /// <param name="model">Folder of the base model.</param>
    /// <param name="adapter">Folder of the adapter.</param>
    /// <param name="output">Folder of the result, new or empty; it appears whole or not at all.</param>
    /// <exception cref="IOException">A file is missing, or the folder of the result holds something.</exception>
    /// <exception cref="NotSupportedException">The base model is of a class that this library does not have, or the adapter of a kind.</exception>
    public static void Write(string model, string adapter, string output)
    {
        var head = SavedHead.OfAdapter(adapter);
        var config = T5GemmaConfig.FromPretrained(model);
        var name = head.ModelClass ?? (config.Architectures is [var first, ..] ? first : nameof(T5GemmaForConditionalGeneration));
        if (!Writers.TryGetValue(name, out var write))
            throw new NotSupportedException($"{model}: architectures: expected one of {string.Join(", ", Writers.Keys)}, got {name}");
        AtomicFolder.Write(output, temporary => write(new(model, adapter, temporary), head.Options));
    }

    private static void Write<TOutput>(T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> model, Folders folders)
    {
        using (model)
        {
            using var adapter = LoraAdapter.FromPretrained(model, folders.Adapter);
            adapter.MergeAndDetach();
            model.SavePretrained(folders.Output);
        }

        if (TokenizerFiles.AreIn(folders.Model))
            TokenizerFiles.Of(folders.Model).SaveTo(folders.Output);
    }

    private sealed record Folders(string Model, string Adapter, string Output);
}
