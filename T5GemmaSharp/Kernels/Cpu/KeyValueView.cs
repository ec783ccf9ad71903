using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Where the keys and values [B, K, S, E] of a layer lie. Valid as long as the tensors are.</summary>
/// <typeparam name="T">How they are stored.</typeparam>
internal readonly unsafe struct KeyValueView<T>
    where T : unmanaged, IElement<T>
{
    private readonly T* _keys;
    private readonly T* _values;
    private readonly long[] _keyStrides;
    private readonly long[] _valueStrides;

    /// <summary>Looks at two tensors whose last axis is dense.</summary>
    public KeyValueView(Tensor keys, Tensor values)
    {
        _keys = (T*)TensorMemory.Pointer(keys);
        _values = (T*)TensorMemory.Pointer(values);
        (_keyStrides, _valueStrides) = (keys.stride(), values.stride());
        Length = (int)keys.size(2);
    }

    /// <summary>S.</summary>
    public int Length { get; }

    /// <summary>Elements between a head's keys.</summary>
    public nint KeyStride => (nint)_keyStrides[2];

    /// <summary>Elements between a head's values.</summary>
    public nint ValueStride => (nint)_valueStrides[2];

    /// <summary>First key of a head.</summary>
    public T* Keys(int row, int head) => _keys + (row * _keyStrides[0]) + (head * _keyStrides[1]);

    /// <summary>First value of a head.</summary>
    public T* Values(int row, int head) => _values + (row * _valueStrides[0]) + (head * _valueStrides[1]);
}
