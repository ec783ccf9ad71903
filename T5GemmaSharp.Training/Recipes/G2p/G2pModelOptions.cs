namespace T5GemmaSharp.Training.Recipes.G2p;

/// <summary>Sizes of the recipe's model; encoder and decoder are alike.</summary>
public sealed record G2pModelOptions
{
    /// <summary>Width of the hidden states. Default 128.</summary>
    public int HiddenSize { get; init; } = 128;

    /// <summary>Layers of the encoder, and of the decoder. Default 2.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Query heads; they share the width evenly. Default 8.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Width inside the feed-forward blocks. Default 256.</summary>
    public int IntermediateSize { get; init; } = 256;

    /// <summary>Dropout rate. Default 0.</summary>
    public double Dropout { get; init; }
}
