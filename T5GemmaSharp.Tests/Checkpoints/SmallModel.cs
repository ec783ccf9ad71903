using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

/// <summary>An embedding and a projection, built without initial values, as the models are.</summary>
internal sealed class SmallModel : nn.Module<Tensor, Tensor>
{
    public SmallModel(long vocabSize = 7, long width = 4, long paddingIndex = 2, ScalarType dtype = ScalarType.Float32, Device? device = null)
        : base(nameof(SmallModel))
    {
        EmbedTokens = Uninitialized(vocabSize, width, paddingIndex, dtype, device);
        Proj = new ProjectionModule(width, dtype, device);
        RegisterComponents();
    }

    [field: ComponentName(Name = "embed_tokens")]
    public Embedding EmbedTokens { get; }

    [field: ComponentName(Name = "proj")]
    public ProjectionModule Proj { get; }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Proj.call(EmbedTokens.call(input)));
    }

    /// <summary>An embedding whose table was never filled: TorchSharp fills the one it is built with, however large.</summary>
    private static Embedding Uninitialized(long vocabSize, long width, long paddingIndex, ScalarType dtype, Device? device)
    {
        var embedding = nn.Embedding(paddingIndex + 1, 1, padding_idx: paddingIndex);
        embedding.weight = new Parameter(empty(vocabSize, width, dtype: dtype, device: device));
        return embedding;
    }
}
