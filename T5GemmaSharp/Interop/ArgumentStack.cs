using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace T5GemmaSharp.Interop;

/// <summary>
/// Arguments of one operator call, in the order of its schema, and then its results. What was added and not handed over by a
/// call is freed by <see cref="Dispose"/>.
/// </summary>
/// <remarks>
/// libtorch's rules: a slot holds 64 bits; tensors and lists are handed over; an optional argument is null or a cell that libtorch
/// frees; results come back from slot 0 on. Schemas with an argument of type <c>Scalar</c> cannot be called this way.
/// </remarks>
internal ref struct ArgumentStack(StableAbi abi)
{
    private const int Capacity = 24;

    private Slots _slots;
    private Kinds _kinds;
    private int _count;

    private enum Kind : byte
    {
        Value,
        Tensor,
        TensorList,
        ValueList,
        ValueCell,
        TensorCell,
    }

    /// <summary>Adds a <c>Tensor</c>.</summary>
    public void Add(Tensor value) => Push(abi.Share(value), Kind.Tensor);

    /// <summary>Adds a <c>Tensor?</c>.</summary>
    public void AddOptional(Tensor? value)
    {
        if (value is null)
            Push(0, Kind.Value);
        else
            Push(abi.NewCell(abi.Share(value)), Kind.TensorCell);
    }

    /// <summary>Adds a <c>Tensor[]</c>.</summary>
    public void Add(IReadOnlyList<Tensor> values)
    {
        // The slot holds the list before the list holds a tensor, so that a disposed tensor among the values leaves nothing behind.
        var list = abi.NewList(values.Count);
        Push(list, Kind.TensorList);
        foreach (var value in values)
            abi.Append(list, abi.Share(value));
    }

    /// <summary>Adds an <c>int[]</c> or <c>SymInt[]</c>.</summary>
    public void Add(ReadOnlySpan<long> values)
    {
        var list = abi.NewList(values.Length);
        Push(list, Kind.ValueList);
        foreach (var value in values)
            abi.Append(list, (ulong)value);
    }

    /// <summary>Adds an <c>int</c> or <c>SymInt</c>.</summary>
    public void Add(long value) => Push((ulong)value, Kind.Value);

    /// <summary>Adds a <c>float</c>, which in schemas means 64 bits.</summary>
    public void Add(double value) => Push(BitConverter.DoubleToUInt64Bits(value), Kind.Value);

    /// <summary>Adds a <c>float?</c>.</summary>
    public void AddOptional(double? value)
    {
        if (value is { } given)
            Push(abi.NewCell(BitConverter.DoubleToUInt64Bits(given)), Kind.ValueCell);
        else
            Push(0, Kind.Value);
    }

    /// <summary>Adds a <c>bool</c>.</summary>
    public void Add(bool value) => Push(value ? 1UL : 0UL, Kind.Value);

    /// <summary>Adds a <c>ScalarType</c>.</summary>
    public void Add(ScalarType value) => Push((ulong)value, Kind.Value);

    /// <summary>Calls an operator that returns nothing.</summary>
    /// <inheritdoc cref="CallForTensor"/>
    public void Call(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload = default)
    {
        // On an error libtorch does not say how much it took over; freeing twice would be worse than leaving it.
        _count = 0;
        abi.Call(name, overload, _slots);
    }

    /// <summary>Calls an operator that returns one tensor.</summary>
    /// <param name="name">UTF-8 literal with namespace, for example <c>"aten::rms_norm"u8</c>; literals end with a zero byte, as libtorch requires.</param>
    /// <param name="overload">UTF-8 literal with the overload's name; empty for the operator that has none.</param>
    /// <exception cref="TorchOperatorException">The operator does not exist or failed.</exception>
    public Tensor CallForTensor(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload = default)
    {
        Call(name, overload);
        return Tensor.UnsafeCreateTensor((nint)_slots[0]);
    }

    /// <summary>Frees what no call took over.</summary>
    public void Dispose()
    {
        for (var index = 0; index < _count; index++)
            Free(_slots[index], _kinds[index]);
        _count = 0;
    }

    private readonly void Free(ulong slot, Kind kind)
    {
        switch (kind)
        {
            case Kind.Tensor:
                abi.DeleteTensor(slot);
                break;
            case Kind.TensorCell:
                abi.DeleteTensor(abi.DeleteCell(slot));
                break;
            case Kind.ValueCell:
                abi.DeleteCell(slot);
                break;
            case Kind.ValueList:
                abi.DeleteList(slot);
                break;
            case Kind.TensorList:
                foreach (var tensor in abi.ReadList(slot))
                    abi.DeleteTensor(tensor);
                abi.DeleteList(slot);
                break;
        }
    }

    private void Push(ulong slot, Kind kind)
    {
        if (_count == Capacity)
        {
            Free(slot, kind);
            throw new InvalidOperationException($"An operator call takes at most {Capacity} arguments.");
        }
        _slots[_count] = slot;
        _kinds[_count++] = kind;
    }

    [InlineArray(Capacity)]
    private struct Slots
    {
        private ulong _first;
    }

    [InlineArray(Capacity)]
    private struct Kinds
    {
        private Kind _first;
    }
}
