using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Collects the optional outputs of a stack, and frees each layer's input as soon as nobody wants it.</summary>
internal sealed class StateRecorder(bool hiddenStates, bool attentions)
{
    private readonly List<Tensor>? _hiddenStates = hiddenStates ? [] : null;
    private readonly List<Tensor>? _attentions = attentions ? [] : null;
    private readonly List<Tensor>? _crossAttentions = attentions ? [] : null;

    internal IReadOnlyList<Tensor>? HiddenStates => _hiddenStates;

    internal IReadOnlyList<Tensor>? Attentions => _attentions;

    internal IReadOnlyList<Tensor>? CrossAttentions => _crossAttentions;

    /// <summary>Takes a layer's input, which the stack does not use again, and its attention probabilities.</summary>
    internal void Layer(Tensor input, Tensor? weights, Tensor? crossWeights = null)
    {
        if (_hiddenStates is not null)
            _hiddenStates.Add(input);
        else
            input.Dispose(); // autograd keeps what it needs by itself
        if (weights is not null)
            _attentions?.Add(weights);
        if (crossWeights is not null)
            _crossAttentions?.Add(crossWeights);
    }

    /// <summary>Takes the result after the final norm; the last layer's raw output is not part of the reference's list.</summary>
    internal void Last(Tensor hiddenState) => _hiddenStates?.Add(hiddenState);

    /// <summary>Moves everything collected out of the stack's dispose scope.</summary>
    internal void MoveToOuter(TorchSharp.DisposeScope scope)
    {
        foreach (var tensors in new[] { _hiddenStates, _attentions, _crossAttentions }.OfType<List<Tensor>>())
            scope.MoveToOuter(tensors);
    }
}
