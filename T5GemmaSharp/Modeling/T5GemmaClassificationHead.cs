using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Dropout and projection of hidden states to class scores.</summary>
/// <remarks>HF: <c>T5GemmaClassificationHead</c>.</remarks>
public sealed class T5GemmaClassificationHead : nn.Module<Tensor, Tensor>
{
    internal T5GemmaClassificationHead(long hiddenSize, int numLabels, double classifierDropoutRate, ModuleFactory factory)
        : base(nameof(T5GemmaClassificationHead))
    {
        Dropout = nn.Dropout(classifierDropoutRate);
        OutProj = factory.Linear(hiddenSize, numLabels, hasBias: true);
        RegisterComponents();
    }

    /// <summary>Dropout of the hidden states.</summary>
    [field: ComponentName(Name = "dropout")]
    public Dropout Dropout { get; }

    /// <summary>Weight [C, D], bias [C].</summary>
    [field: ComponentName(Name = "out_proj")]
    public Linear OutProj { get; }

    /// <summary>Maps [B, T, D] to [B, T, C].</summary>
    /// <param name="hiddenStates">Last hidden state [B, T, D].</param>
    public override Tensor forward(Tensor hiddenStates)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(OutProj.call(Dropout.call(hiddenStates)));
    }
}
