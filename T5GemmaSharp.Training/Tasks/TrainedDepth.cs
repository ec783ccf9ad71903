using System.Globalization;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>
/// How deep a backward pass has to go: the lowest part of each stack that is trained. Parts are numbered upwards: 0 is the embedding table, 1 the first layer, the norm comes
/// after the last layer, and the number after it stands for a stack of which nothing is trained.
/// </summary>
/// <param name="Encoder">Lowest part of the encoder.</param>
/// <param name="Decoder">Lowest part of the decoder.</param>
internal readonly record struct TrainedDepth(int Encoder, int Decoder)
{
    /// <summary>Looks which parameters of a model and of its adapter need gradients now.</summary>
    /// <param name="model">The model.</param>
    /// <param name="stacks">Its encoder and decoder; null: it has none.</param>
    public static TrainedDepth Of<TOutput>(T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> model, (T5GemmaEncoder Encoder, T5GemmaDecoder? Decoder) stacks)
    {
        var names = model.named_parameters().Concat(model.Adapter?.NamedParameters() ?? []).Where(item => item.Item2.requires_grad).Select(item => item.Item1.Split('.')).ToList();
        return new TrainedDepth(Lowest(names, "encoder", (int)stacks.Encoder.Layers.Count), Lowest(names, "decoder", (int)(stacks.Decoder?.Layers.Count ?? 0)));
    }

    private static int Lowest(IEnumerable<string[]> names, string stack, int layers)
        => names.Select(name => PartOf(name, stack, layers)).Append(layers + 2).Min();

    private static int PartOf(string[] name, string stack, int layers)
    {
        var place = Array.IndexOf(name, stack);
        if (place < 0)
            return layers + 2;
        return name[place + 1] switch
        {
            "embed_tokens" => 0,
            "layers" => 1 + int.Parse(name[place + 2], CultureInfo.InvariantCulture),
            _ => layers + 1,
        };
    }
}
