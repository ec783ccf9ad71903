using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Commands;

/// <summary>A model and its tokenizer, loaded for use.</summary>
internal sealed class ModelFolder : IDisposable
{
    private ModelFolder(T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer) => (Model, Tokenizer) = (model, tokenizer);

    public T5GemmaForConditionalGeneration Model { get; }

    public T5GemmaTokenizer Tokenizer { get; }

    public static ModelFolder Load(string folder, string deviceName, string dtypeName, WeightQuantization? quantization = null)
        => new(tokenizer: T5GemmaTokenizer.FromPretrained(folder), model: LoadModel(folder, deviceName, dtypeName, quantization));

    /// <summary>Loads a model alone, in evaluation mode.</summary>
    public static T5GemmaForConditionalGeneration LoadModel(string folder, string deviceName, string dtypeName, WeightQuantization? quantization = null)
    {
        var device = SharedOptions.ResolveDevice(deviceName);
        return T5GemmaForConditionalGeneration.FromPretrained(
            folder, new PretrainedOptions { Device = device, DType = SharedOptions.ResolveDType(dtypeName, device), Quantization = quantization });
    }

    /// <summary>Loads a model alone, in evaluation mode, with an adapter in its weights, so that it is as fast as without one.</summary>
    public static T5GemmaForConditionalGeneration LoadMerged(string folder, string adapterFolder, string deviceName, string dtypeName, WeightQuantization? quantization = null)
    {
        var model = LoadModel(folder, deviceName, dtypeName);
        Merge(model, adapterFolder);
        if (quantization is not null)
            _ = model.Quantize(quantization);
        return model;
    }

    /// <summary>Writes an adapter into a model's weights; a model where that fails is disposed.</summary>
    public static void Merge<TInputs, TOutput>(T5GemmaPreTrainedModel<TInputs, TOutput> model, string adapterFolder)
    {
        try
        {
            using var adapter = LoraAdapter.FromPretrained(model, adapterFolder);
            adapter.MergeAndDetach();
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public void Dispose() => Model.Dispose();
}
