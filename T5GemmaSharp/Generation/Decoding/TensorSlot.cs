using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Holds one tensor across steps, outside of any dispose scope.</summary>
internal sealed class TensorSlot : IDisposable
{
    private Tensor? _tensor;

    /// <summary>The tensor; setting it frees the one before.</summary>
    public Tensor Value
    {
        get => _tensor ?? throw new InvalidOperationException("the tensor is not there yet");
        set
        {
            value.DetachFromDisposeScope();
            if (!ReferenceEquals(_tensor, value))
                _tensor?.Dispose();
            _tensor = value;
        }
    }

    public void Dispose()
    {
        _tensor?.Dispose();
        _tensor = null;
    }
}
