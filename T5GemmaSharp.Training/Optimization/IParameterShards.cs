using TorchSharp.Modules;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>Says which stretch of each parameter an optimizer keeps and updates, where others have the rest.</summary>
public interface IParameterShards
{
    /// <summary>The stretches.</summary>
    /// <param name="parameters">The parameters that are trained, in the optimizer's order.</param>
    /// <returns>For each the first element and the number of elements, which may be 0.</returns>
    IReadOnlyList<(long From, long Count)> Of(IReadOnlyList<Parameter> parameters);
}
