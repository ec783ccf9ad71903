using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>What both stacks do first: look the ids up, or take the given embeddings, and multiply by sqrt(D).</summary>
internal static class ScaledEmbedding
{
    /// <summary>Returns scaled embeddings [B, T, D].</summary>
    /// <param name="table">The embedding table.</param>
    /// <param name="inputIds">Token ids [B, T], int64; null if embeddings are given.</param>
    /// <param name="inputsEmbeds">Unscaled embeddings [B, T, D]; null if ids are given.</param>
    /// <param name="config">The stack's configuration.</param>
    /// <param name="names">Names of the two arguments for messages.</param>
    internal static Tensor Call(Embedding table, Tensor? inputIds, Tensor? inputsEmbeds, T5GemmaModuleConfig config, (string Ids, string Embeds) names)
    {
        using var scope = NewDisposeScope();
        InputChecks.ExactlyOne(inputIds, inputsEmbeds, names);
        if (inputIds is not null)
            InputChecks.Ids(inputIds, config.VocabSize, names.Ids);
        if (inputsEmbeds is not null)
            InputChecks.Embeddings(inputsEmbeds, config.HiddenSize, table.weight!.dtype, names.Embeds); // an embedding has a weight
        var embeddings = inputsEmbeds ?? table.call(inputIds!); // exactly one is given
        // A tensor of the working dtype, not a C# number: the reference rounds sqrt(D) to bf16 (27.75 for D = 768).
        var normalizer = torch.tensor(Math.Sqrt(config.HiddenSize), dtype: embeddings.dtype, device: embeddings.device);
        return scope.MoveToOuter(embeddings * normalizer);
    }
}
