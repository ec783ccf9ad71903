using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Commands;

/// <summary>A model and its tokenizer, loaded for use.</summary>
internal sealed class ModelFolder : IDisposable
{
    private ModelFolder(T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer) => (Model, Tokenizer) = (model, tokenizer);

    public T5GemmaForConditionalGeneration Model { get; }

    public T5GemmaTokenizer Tokenizer { get; }

    public static ModelFolder Load(string folder, string deviceName, string dtypeName)
    {
        var device = SharedOptions.ResolveDevice(deviceName);
        var tokenizer = T5GemmaTokenizer.FromPretrained(folder);
        var options = new PretrainedOptions { Device = device, DType = SharedOptions.ResolveDType(dtypeName, device) };
        var model = T5GemmaForConditionalGeneration.FromPretrained(folder, options);
        model.eval();
        return new ModelFolder(model, tokenizer);
    }

    public void Dispose() => Model.Dispose();
}
