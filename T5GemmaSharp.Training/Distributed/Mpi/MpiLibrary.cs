using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Mpi;

/// <summary>
/// The functions of an MPI library. Handles have the size of a pointer here: those of MPICH are numbers of 32 bits, and functions that take one read only these; those of Open MPI
/// are addresses of what the library exports.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    private const int Success = 0;
    private const int LongestError = 512;
    private const int ThreadFunneled = 1;

    private readonly delegate* unmanaged<nint, nint, int, int*, int> _initThread;
    private readonly delegate* unmanaged<int*, int> _initialized;
    private readonly delegate* unmanaged<int> _finalize;
    private readonly delegate* unmanaged<nint, int, int> _abort;
    private readonly delegate* unmanaged<nint, int*, int> _rank;
    private readonly delegate* unmanaged<nint, int*, int> _size;
    private readonly delegate* unmanaged<nint, nint, int> _setErrorHandler;
    private readonly delegate* unmanaged<int, byte*, int*, int> _errorString;
    private readonly delegate* unmanaged<delegate* unmanaged<void*, void*, int*, nint*, void>, int, nint*, int> _createOperation;
    private readonly delegate* unmanaged<nint, nint, int, nint, nint, nint, nint*, int> _allReduce;
    private readonly delegate* unmanaged<nint, nint, int, nint, nint, nint, nint*, int> _reduceScatter;
    private readonly delegate* unmanaged<nint, int, nint, nint, int, nint, nint, nint*, int> _allGather;
    private readonly delegate* unmanaged<nint, int, nint, int, nint, nint*, int> _broadcast;
    private readonly delegate* unmanaged<nint, nint*, int> _barrier;
    private readonly delegate* unmanaged<nint*, int*, nint, int> _test;
    private readonly MpiConstants _constants;
    private nint _bfloat16Sum;

    private MpiLibrary(string path, nint library)
    {
        Path = path;
        _constants = MpiConstants.Of(library);
        _initThread = (delegate* unmanaged<nint, nint, int, int*, int>)NativeLibrary.GetExport(library, "MPI_Init_thread");
        _initialized = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "MPI_Initialized");
        _finalize = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, "MPI_Finalize");
        _abort = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(library, "MPI_Abort");
        _rank = (delegate* unmanaged<nint, int*, int>)NativeLibrary.GetExport(library, "MPI_Comm_rank");
        _size = (delegate* unmanaged<nint, int*, int>)NativeLibrary.GetExport(library, "MPI_Comm_size");
        _setErrorHandler = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(library, "MPI_Comm_set_errhandler");
        _errorString = (delegate* unmanaged<int, byte*, int*, int>)NativeLibrary.GetExport(library, "MPI_Error_string");
        _createOperation = (delegate* unmanaged<delegate* unmanaged<void*, void*, int*, nint*, void>, int, nint*, int>)NativeLibrary.GetExport(library, "MPI_Op_create");
        _allReduce = (delegate* unmanaged<nint, nint, int, nint, nint, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Iallreduce");
        _reduceScatter = (delegate* unmanaged<nint, nint, int, nint, nint, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Ireduce_scatter_block");
        _allGather = (delegate* unmanaged<nint, int, nint, nint, int, nint, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Iallgather");
        _broadcast = (delegate* unmanaged<nint, int, nint, int, nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Ibcast");
        _barrier = (delegate* unmanaged<nint, nint*, int>)NativeLibrary.GetExport(library, "MPI_Ibarrier");
        _test = (delegate* unmanaged<nint*, int*, nint, int>)NativeLibrary.GetExport(library, "MPI_Test");
    }

    /// <summary>Where it was found.</summary>
    public string Path { get; }

    /// <summary>Whose binary interface it has.</summary>
    public string Family => _constants.Family;

    /// <summary>Loads a library.</summary>
    /// <param name="path">Its path, or a name for the system's loader.</param>
    /// <returns>Null: there is no such library, or it lacks a function.</returns>
    public static MpiLibrary? TryLoad(string path)
    {
        CalmSignals();
        try
        {
            return NativeLibrary.TryLoad(path, out var library) ? new MpiLibrary(path, library) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Joins the other processes. The calling thread is the only one that may call MPI from then on.</summary>
    /// <returns>Number of this process, and of all.</returns>
    /// <exception cref="PeerLostException">MPI refuses.</exception>
    public (int Rank, int World) Start()
    {
        int started, provided, rank, world;
        Check(_initialized(&started), "MPI_Initialized");
        if (started == 0)
            Check(_initThread(0, 0, ThreadFunneled, &provided), "MPI_Init_thread");
        Check(_setErrorHandler(_constants.World, _constants.ErrorsReturn), "MPI_Comm_set_errhandler");
        Check(_rank(_constants.World, &rank), "MPI_Comm_rank");
        Check(_size(_constants.World, &world), "MPI_Comm_size");
        nint operation = 0;
        const int isCommutative = 1;
        Check(_createOperation(&BFloat16Sum.Add, isCommutative, &operation), "MPI_Op_create");
        _bfloat16Sum = operation;
        return (rank, world);
    }

    /// <summary>Leaves the other processes, when they leave too.</summary>
    public void Finish() => Check(_finalize(), "MPI_Finalize");

    /// <summary>Ends all processes, this one included.</summary>
    public void Abort(int exitCode) => _ = _abort(_constants.World, exitCode);

    public nint AllReduce(nint memory, long count, ScalarType dtype)
    {
        nint request = 0;
        Check(_allReduce(_constants.InPlace, memory, (int)count, _constants.Type(dtype), Sum(dtype), _constants.World, &request), "MPI_Iallreduce");
        return request;
    }

    public nint ReduceScatter(nint input, nint output, long count, ScalarType dtype)
    {
        nint request = 0;
        Check(_reduceScatter(input, output, (int)count, _constants.Type(dtype), Sum(dtype), _constants.World, &request), "MPI_Ireduce_scatter_block");
        return request;
    }

    public nint AllGather(nint input, nint output, long count, ScalarType dtype)
    {
        nint request = 0;
        var type = _constants.Type(dtype);
        Check(_allGather(input, (int)count, type, output, (int)count, type, _constants.World, &request), "MPI_Iallgather");
        return request;
    }

    public nint Broadcast(nint memory, long count, ScalarType dtype, int root)
    {
        nint request = 0;
        Check(_broadcast(memory, (int)count, _constants.Type(dtype), root, _constants.World, &request), "MPI_Ibcast");
        return request;
    }

    public nint Barrier()
    {
        nint request = 0;
        Check(_barrier(_constants.World, &request), "MPI_Ibarrier");
        return request;
    }

    /// <summary>Goes on with an operation, and with all others.</summary>
    /// <returns>Whether it is done.</returns>
    public bool IsDone(nint request)
    {
        int done;
        Check(_test(&request, &done, _constants.StatusIgnore), "MPI_Test");
        return done != 0;
    }

    private nint Sum(ScalarType dtype) => dtype == ScalarType.BFloat16 ? _bfloat16Sum : _constants.Sum;

    // Both libraries would take the signals by which .NET learns of null references. Read when the library is loaded.
    private static void CalmSignals()
    {
        const string abortOnly = "6";
        NativeEnvironment.Set("UCX_ERROR_SIGNALS", "");
        NativeEnvironment.Set("OMPI_MCA_opal_signal", abortOnly);
    }

    private void Check(int code, string function)
    {
        if (code == Success)
            return;
        var text = stackalloc byte[LongestError + 1];
        var length = 0;
        var described = _errorString(code, text, &length) == Success ? Encoding.UTF8.GetString(text, length) : "no description";
        throw new PeerLostException($"{function} of {Path} failed: {described} ({code})");
    }
}
