using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Projects hidden states and splits the result into heads.</summary>
internal static class SplitHeads
{
    /// <summary>Maps [B, T, D] to [B, heads, T, E].</summary>
    internal static Tensor Call(Linear projection, Tensor hiddenStates, long headDim)
    {
        using var scope = NewDisposeScope();
        var states = projection.call(hiddenStates); // [B, T, heads * E]
        return scope.MoveToOuter(states.view(hiddenStates.size(0), hiddenStates.size(1), -1, headDim).transpose(1, 2));
    }
}
