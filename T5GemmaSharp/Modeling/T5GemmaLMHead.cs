using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Projection of hidden states to the vocabulary.</summary>
/// <remarks>HF: <c>T5GemmaLMHead</c>. With tied weights it owns no parameter: the decoder's embedding table is the one owner.</remarks>
public sealed class T5GemmaLMHead : nn.Module<Tensor, Tensor, Tensor>
{
    internal T5GemmaLMHead(T5GemmaModuleConfig decoder, bool isTied, ModuleFactory factory)
        : base(nameof(T5GemmaLMHead))
    {
        OutProj = isTied ? null : factory.Linear(decoder.HiddenSize, decoder.VocabSize);
        RegisterComponents();
    }

    /// <summary>Weight [V, D]; null with tied weights.</summary>
    [field: ComponentName(Name = "out_proj")]
    public Linear? OutProj { get; }

    /// <summary>Maps [B, T, D] to [B, T, V].</summary>
    /// <param name="hiddenStates">The decoder's last hidden state [B, T, D].</param>
    /// <param name="embeddings">The decoder's embedding table [V, D], used with tied weights.</param>
    public override Tensor forward(Tensor hiddenStates, Tensor embeddings) =>
        OutProj?.call(hiddenStates) ?? nn.functional.linear(hiddenStates, embeddings);

    /// <summary>The projection, capped.</summary>
    /// <param name="hiddenStates">[..., D].</param>
    /// <param name="embeddings">The embedding table [V, D], used with tied weights.</param>
    /// <param name="cap">Cap f, f * tanh(logits / f); null: none.</param>
    internal Tensor ToLogits(Tensor hiddenStates, Tensor embeddings, double? cap)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(Capped(call(hiddenStates, embeddings), cap));
    }

    /// <summary>Caps the projection.</summary>
    /// <param name="products">What the projection has given, [..., V]; it is overwritten.</param>
    /// <param name="cap">Cap f, f * tanh(logits / f); null: none.</param>
    internal static Tensor Capped(Tensor products, double? cap)
    {
        using var scope = NewDisposeScope();
        return cap is { } most ? scope.MoveToOuter(products.div_(most).tanh_() * most) : products;
    }
}
