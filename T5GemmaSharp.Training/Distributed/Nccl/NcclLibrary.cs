using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Nccl;

/// <summary>The functions of NCCL 2.10 or newer.</summary>
internal sealed unsafe class NcclLibrary
{
    private const int Success = 0;
    private const int InProgress = 7;
    private const int Sum = 0;

    private readonly delegate* unmanaged<int*, int> _version;
    private readonly delegate* unmanaged<int, byte*> _errorString;
    private readonly delegate* unmanaged<NcclUniqueId*, int> _uniqueId;
    private readonly delegate* unmanaged<nint*, int, NcclUniqueId, int, int> _initRank;
    private readonly delegate* unmanaged<nint, nint, nuint, int, int, nint, nint, int> _allReduce;
    private readonly delegate* unmanaged<nint, nint, nuint, int, int, nint, nint, int> _reduceScatter;
    private readonly delegate* unmanaged<nint, nint, nuint, int, nint, nint, int> _allGather;
    private readonly delegate* unmanaged<nint, nint, nuint, int, int, nint, nint, int> _broadcast;
    private readonly delegate* unmanaged<nint, int*, int> _asyncError;
    private readonly delegate* unmanaged<nint, int> _abort;
    private readonly delegate* unmanaged<nint, int> _destroy;

    private NcclLibrary(string path, nint library)
    {
        Path = path;
        _version = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "ncclGetVersion");
        _errorString = (delegate* unmanaged<int, byte*>)NativeLibrary.GetExport(library, "ncclGetErrorString");
        _uniqueId = (delegate* unmanaged<NcclUniqueId*, int>)NativeLibrary.GetExport(library, "ncclGetUniqueId");
        _initRank = (delegate* unmanaged<nint*, int, NcclUniqueId, int, int>)NativeLibrary.GetExport(library, "ncclCommInitRank");
        _allReduce = (delegate* unmanaged<nint, nint, nuint, int, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclAllReduce");
        _reduceScatter = (delegate* unmanaged<nint, nint, nuint, int, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclReduceScatter");
        _allGather = (delegate* unmanaged<nint, nint, nuint, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclAllGather");
        _broadcast = (delegate* unmanaged<nint, nint, nuint, int, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclBroadcast");
        _asyncError = (delegate* unmanaged<nint, int*, int>)NativeLibrary.GetExport(library, "ncclCommGetAsyncError");
        _abort = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "ncclCommAbort");
        _destroy = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "ncclCommDestroy");
    }

    /// <summary>Where it was found.</summary>
    public string Path { get; }

    /// <summary>Its version: 10000 major + 100 minor + patch.</summary>
    public int Version
    {
        get
        {
            int version;
            Check(_version(&version), "ncclGetVersion");
            return version;
        }
    }

    /// <summary>Loads a library.</summary>
    /// <param name="path">Its path, or a name for the system's loader.</param>
    /// <returns>Null: there is no such library, or it lacks a function, as libtorch does whose NCCL lies in a file of its own.</returns>
    public static NcclLibrary? TryLoad(string path)
    {
        try
        {
            return NativeLibrary.TryLoad(path, out var library) ? new NcclLibrary(path, library) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>A place to meet.</summary>
    public NcclUniqueId UniqueId()
    {
        NcclUniqueId id;
        Check(_uniqueId(&id), "ncclGetUniqueId");
        return id;
    }

    /// <summary>Meets the other ranks; returns when all are there.</summary>
    /// <returns>The communicator, on the device that is current.</returns>
    public nint Join(NcclUniqueId id, int rank, int world)
    {
        nint communicator;
        Check(_initRank(&communicator, world, id, rank), "ncclCommInitRank");
        return communicator;
    }

    public void AllReduce(nint memory, long count, ScalarType dtype, nint communicator, nint stream)
        => Check(_allReduce(memory, memory, (nuint)count, TypeOf(dtype), Sum, communicator, stream), "ncclAllReduce");

    public void ReduceScatter(nint input, nint output, long count, ScalarType dtype, nint communicator, nint stream)
        => Check(_reduceScatter(input, output, (nuint)count, TypeOf(dtype), Sum, communicator, stream), "ncclReduceScatter");

    public void AllGather(nint input, nint output, long count, ScalarType dtype, nint communicator, nint stream)
        => Check(_allGather(input, output, (nuint)count, TypeOf(dtype), communicator, stream), "ncclAllGather");

    public void Broadcast(nint memory, long count, ScalarType dtype, int root, nint communicator, nint stream)
        => Check(_broadcast(memory, memory, (nuint)count, TypeOf(dtype), root, communicator, stream), "ncclBroadcast");

    /// <summary>What has gone wrong in an operation that is going on; null: nothing.</summary>
    public string? AsynchronousFault(nint communicator)
    {
        int state;
        Check(_asyncError(communicator, &state), "ncclCommGetAsyncError");
        return state is Success or InProgress ? null : Describe(state);
    }

    /// <summary>Ends the operations that are going on, and the communicator.</summary>
    public void Abort(nint communicator) => _ = _abort(communicator);

    public void Destroy(nint communicator) => Check(_destroy(communicator), "ncclCommDestroy");

    private static int TypeOf(ScalarType dtype) => dtype switch
    {
        ScalarType.Int64 => 4,
        ScalarType.Float32 => 7,
        ScalarType.Float64 => 8,
        ScalarType.BFloat16 => 9,
        _ => 1, // bytes
    };

    private string Describe(int code) => $"{Marshal.PtrToStringUTF8((nint)_errorString(code))} ({code})";

    private void Check(int code, string function)
    {
        if (code is not (Success or InProgress))
            throw new PeerLostException($"{function} of {Path} failed: {Describe(code)}; NCCL_DEBUG=INFO tells more");
    }
}
