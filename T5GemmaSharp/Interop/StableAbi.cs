using System.Runtime.InteropServices;
using TorchSharp;

namespace T5GemmaSharp.Interop;

/// <summary>
/// The part of libtorch's stable C interface that calls operators by name (libtorch 2.10 and newer). A tensor handle of it and
/// TorchSharp's <see cref="torch.Tensor.Handle"/> are the same pointer. Every function returns 0 on success.
/// </summary>
internal sealed unsafe class StableAbi
{
    // The version whose operator schemas the calls here are written for; libtorch adapts them should a schema change later.
    private const ulong SchemaVersion = (2UL << 56) | (10UL << 48);

    private static readonly Lazy<StableAbi?> Shared = new(Create);

    private readonly delegate* unmanaged<byte*, byte*, ulong*, ulong, int> _callDispatcher;
    private readonly delegate* unmanaged<nint, int> _deleteTensor;
    private readonly delegate* unmanaged<ulong, int> _deleteList;
    private readonly delegate* unmanaged[SuppressGCTransition]<nint, nint*, int> _newTensor;
    private readonly delegate* unmanaged[SuppressGCTransition]<nuint, ulong*, int> _newList;
    private readonly delegate* unmanaged[SuppressGCTransition]<ulong, ulong, int> _appendToList;
    private readonly delegate* unmanaged[SuppressGCTransition]<ulong, nuint*, int> _listSize;
    private readonly delegate* unmanaged[SuppressGCTransition]<ulong, nuint, ulong*, int> _listItem;
    // Newer than 2.10; without them a cell is plain malloc memory, and the cause of an error goes to standard error only.
    private readonly delegate* unmanaged[SuppressGCTransition]<ulong**, int> _newCell;
    private readonly delegate* unmanaged[SuppressGCTransition]<ulong*, int> _deleteCell;
    private readonly delegate* unmanaged<byte*> _lastError;
    private readonly delegate* unmanaged[SuppressGCTransition]<nint, nint*, int> _dataPointer;

    private StableAbi(nint library)
    {
        _callDispatcher = (delegate* unmanaged<byte*, byte*, ulong*, ulong, int>)NativeLibrary.GetExport(library, "torch_call_dispatcher");
        _deleteTensor = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "aoti_torch_delete_tensor_object");
        _deleteList = (delegate* unmanaged<ulong, int>)NativeLibrary.GetExport(library, "torch_delete_list");
        _newTensor = (delegate* unmanaged[SuppressGCTransition]<nint, nint*, int>)NativeLibrary.GetExport(library, "aoti_torch_new_tensor_handle");
        _newList = (delegate* unmanaged[SuppressGCTransition]<nuint, ulong*, int>)NativeLibrary.GetExport(library, "torch_new_list_reserve_size");
        _appendToList = (delegate* unmanaged[SuppressGCTransition]<ulong, ulong, int>)NativeLibrary.GetExport(library, "torch_list_push_back");
        _listSize = (delegate* unmanaged[SuppressGCTransition]<ulong, nuint*, int>)NativeLibrary.GetExport(library, "torch_list_size");
        _listItem = (delegate* unmanaged[SuppressGCTransition]<ulong, nuint, ulong*, int>)NativeLibrary.GetExport(library, "torch_list_get_item");
        if (NativeLibrary.TryGetExport(library, "torch_new_stable_ivalue", out var newCell) && NativeLibrary.TryGetExport(library, "torch_delete_stable_ivalue", out var deleteCell))
        {
            _newCell = (delegate* unmanaged[SuppressGCTransition]<ulong**, int>)newCell;
            _deleteCell = (delegate* unmanaged[SuppressGCTransition]<ulong*, int>)deleteCell;
        }
        if (NativeLibrary.TryGetExport(library, "torch_exception_get_what_without_backtrace", out var lastError))
            _lastError = (delegate* unmanaged<byte*>)lastError;
        _dataPointer = (delegate* unmanaged[SuppressGCTransition]<nint, nint*, int>)NativeLibrary.GetExport(library, "aoti_torch_get_data_ptr");
    }

    /// <summary>The loaded libtorch's interface, or null when it does not have it.</summary>
    /// <exception cref="TorchNativeException">libtorch cannot be loaded.</exception>
    public static StableAbi? Instance => Shared.Value;

    /// <summary>The interface of a loaded library, or null when it lacks a required function.</summary>
    public static StableAbi? TryCreate(nint library)
    {
        try
        {
            return new StableAbi(library);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Calls an operator; it takes over what the slots own, and puts its results there.</summary>
    /// <exception cref="TorchOperatorException">The operator does not exist or failed.</exception>
    public void Call(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload, Span<ulong> slots)
    {
        int code;
        fixed (byte* namePointer = name, overloadPointer = overload.IsEmpty ? "\0"u8 : overload)   // an empty span has no address
        fixed (ulong* slotsPointer = slots)
            code = _callDispatcher(namePointer, overloadPointer, slotsPointer, SchemaVersion);
        if (code != 0)
            throw new TorchOperatorException(FullName(name, overload), _lastError is null ? null : Marshal.PtrToStringUTF8((nint)_lastError()));
    }

    /// <summary>A further handle of the tensor, owned by the caller.</summary>
    /// <exception cref="ObjectDisposedException">The tensor is disposed.</exception>
    public ulong Share(torch.Tensor tensor)
    {
        ObjectDisposedException.ThrowIf(tensor.IsInvalid, tensor);
        nint shared;
        Check(_newTensor(tensor.Handle, &shared));
        GC.KeepAlive(tensor);
        return (ulong)shared;
    }

    /// <summary>Address of a tensor's first element, on its device; valid as long as the tensor is.</summary>
    /// <exception cref="ObjectDisposedException">The tensor is disposed.</exception>
    public nint DataPointer(torch.Tensor tensor)
    {
        ObjectDisposedException.ThrowIf(tensor.IsInvalid, tensor);
        nint address;
        Check(_dataPointer(tensor.Handle, &address));
        GC.KeepAlive(tensor);
        return address;
    }

    /// <summary>Frees a handle of <see cref="Share"/>.</summary>
    public void DeleteTensor(ulong tensor) => Check(_deleteTensor((nint)tensor));

    /// <summary>An empty list, owned by the caller.</summary>
    public ulong NewList(int capacity)
    {
        ulong list;
        Check(_newList((nuint)capacity, &list));
        return list;
    }

    /// <summary>Appends to a list, which owns the value from then on only when it is passed to an operator.</summary>
    public void Append(ulong list, ulong value) => Check(_appendToList(list, value));

    /// <summary>The values of a list.</summary>
    public ulong[] ReadList(ulong list)
    {
        nuint size;
        Check(_listSize(list, &size));
        var values = new ulong[size];
        for (nuint index = 0; index < size; index++)
        {
            fixed (ulong* value = &values[index])
                Check(_listItem(list, index, value));
        }
        return values;
    }

    /// <summary>Frees a list, but not what its values own.</summary>
    public void DeleteList(ulong list) => Check(_deleteList(list));

    /// <summary>A cell with a value: the form of an optional argument that is given. Owned by the caller.</summary>
    public ulong NewCell(ulong value)
    {
        ulong* cell;
        if (_newCell is null)
            cell = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        else
            Check(_newCell(&cell));
        *cell = value;
        return (ulong)cell;
    }

    /// <summary>Frees a cell and returns what it held.</summary>
    public ulong DeleteCell(ulong cell)
    {
        var value = *(ulong*)cell;
        if (_deleteCell is null)
            NativeMemory.Free((void*)cell);
        else
            Check(_deleteCell((ulong*)cell));
        return value;
    }

    private static StableAbi? Create()
    {
        TorchNative.EnsureLoaded();
        // Found as TorchSharp finds it: another path to it could load libtorch a second time.
        return NativeLibrary.TryLoad("torch_cpu", typeof(torch).Assembly, searchPath: null, out var library) ? TryCreate(library) : null;
    }

    private static void Check(int code)
    {
        if (code != 0)
            throw new InsufficientMemoryException("libtorch could not allocate a handle.");
    }

    private static string FullName(ReadOnlySpan<byte> name, ReadOnlySpan<byte> overload)
    {
        var text = System.Text.Encoding.UTF8.GetString(name);
        return overload.IsEmpty ? text : $"{text}.{System.Text.Encoding.UTF8.GetString(overload)}";
    }
}
