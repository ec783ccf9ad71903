using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Writes fresh weights as the reference does: plain normal samples from torch's global generator, zero norms and biases.</summary>
/// <remarks>HF: <c>T5GemmaPreTrainedModel._init_weights</c> (5.x; 4.56 wrote ones into the norms, which doubles them).</remarks>
internal static class WeightInitialization
{
    /// <summary>Initialises the parameters of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">Its resolved configuration.</param>
    /// <param name="isWanted">Chooses parameters by name; null: all.</param>
    internal static void Apply(nn.Module model, T5GemmaConfig config, Func<string, bool>? isWanted = null)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var modules = model.named_modules().ToDictionary(pair => pair.name, pair => pair.module);
        foreach (var (name, parameter) in model.named_parameters())
        {
            if (isWanted is not null && !isWanted(name))
                continue;
            var owner = name[..name.LastIndexOf('.')]; // every parameter lies in a child: "encoder.norm.weight"
            if (modules[owner] is T5GemmaRMSNorm || name.EndsWith(".bias", StringComparison.Ordinal))
                parameter.zero_();
            else
                parameter.normal_(0, StandardDeviation(owner, parameter, modules, config));
            if (modules[owner] is Embedding && StackOf(name, config)?.PadTokenId is { } pad)
                parameter[pad].zero_();
        }
    }

    private static double StandardDeviation(string owner, Tensor parameter, Dictionary<string, nn.Module> modules, T5GemmaConfig config)
    {
        if (StackOf(owner, config) is { } stack)
            return stack.InitializerRange;
        var range = config.InitializerRange ?? config.Decoder.InitializerRange;
        var parent = owner[..Math.Max(owner.LastIndexOf('.'), 0)];
        // Both heads scale by their number of outputs, classes or vocabulary.
        return modules[parent] is T5GemmaLMHead or T5GemmaClassificationHead ? range / Math.Sqrt(parameter.shape[0]) : range;
    }

    /// <summary>The stack whose name is in the path: "encoder.layers.0" in a bare model, "model.encoder.layers.0" under a head.</summary>
    private static T5GemmaModuleConfig? StackOf(string name, T5GemmaConfig config) =>
        name.Split('.').FirstOrDefault(part => part is "encoder" or "decoder") switch
        {
            "encoder" => config.Encoder,
            "decoder" => config.Decoder,
            _ => null,
        };
}
