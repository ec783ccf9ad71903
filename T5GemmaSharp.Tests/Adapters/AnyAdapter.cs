using NUnit.Framework;
using T5GemmaSharp.Adapters;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Adapters;

/// <summary>Adapters on models of a class that a test does not know.</summary>
internal static class AnyAdapter
{
    public static LoraAdapter Attach(nn.Module model, LoraConfig config, ulong seed = 3) => model switch
    {
        T5GemmaForConditionalGeneration typed => LoraAdapter.Attach(typed, config, seed),
        T5GemmaModel typed => LoraAdapter.Attach(typed, config, seed),
        T5GemmaEncoderModel typed => LoraAdapter.Attach(typed, config, seed),
        T5GemmaForSequenceClassification typed => LoraAdapter.Attach(typed, config, seed),
        T5GemmaForTokenClassification typed => LoraAdapter.Attach(typed, config, seed),
        _ => throw new ArgumentException($"{model.GetType()} is no front-door class", nameof(model)),
    };

    public static LoraAdapter Load(nn.Module model, string folder) => model switch
    {
        T5GemmaForConditionalGeneration typed => LoraAdapter.FromPretrained(typed, folder),
        T5GemmaModel typed => LoraAdapter.FromPretrained(typed, folder),
        T5GemmaEncoderModel typed => LoraAdapter.FromPretrained(typed, folder),
        T5GemmaForSequenceClassification typed => LoraAdapter.FromPretrained(typed, folder),
        T5GemmaForTokenClassification typed => LoraAdapter.FromPretrained(typed, folder),
        _ => throw new ArgumentException($"{model.GetType()} is no front-door class", nameof(model)),
    };

    /// <summary>Attaches an adapter and draws its parameters, as if it had been trained: a fresh one changes nothing.</summary>
    public static LoraAdapter Trained(nn.Module model, LoraConfig config)
    {
        var adapter = Attach(model, config);
        Train(adapter);
        return adapter;
    }

    /// <summary>Moves every parameter away from where it started.</summary>
    public static void Train(LoraAdapter adapter)
    {
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        torch.manual_seed(5);
        foreach (var (_, parameter) in adapter.NamedParameters())
            parameter.add_(torch.randn_like(parameter) * 0.2);
    }

    public static Parameter Parameter(this LoraAdapter adapter, string name)
    {
        var found = adapter.NamedParameters().Where(pair => pair.Name == name).Select(pair => pair.Parameter).ToArray();
        Assert.That(found, Has.Length.EqualTo(1), name);
        return found[0];
    }
}
