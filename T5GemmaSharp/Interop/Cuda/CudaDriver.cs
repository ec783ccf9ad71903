using System.Runtime.InteropServices;

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>The functions of the CUDA driver that the library calls. They act on the context that is current on the calling thread, which is torch's own: the device's primary one.</summary>
internal sealed unsafe class CudaDriver
{
    private const int Success = 0;
    private const int OutOfMemory = 2;

    private static readonly Lazy<CudaDriver?> Shared = new(Load);

    private readonly delegate* unmanaged<int, byte**, int> _errorName;
    private readonly delegate* unmanaged<int, byte**, int> _errorString;
    private readonly delegate* unmanaged<int*, int> _version;
    private readonly delegate* unmanaged<int*, int> _currentDevice;
    private readonly delegate* unmanaged<nint*, int> _currentContext;
    private readonly delegate* unmanaged<nint, int> _setCurrentContext;
    private readonly delegate* unmanaged<int*, int, int, int> _deviceAttribute;
    private readonly delegate* unmanaged<nuint*, nuint*, int> _memoryInfo;
    private readonly delegate* unmanaged<nint*, void*, int> _loadModule;
    private readonly delegate* unmanaged<nint, int> _unloadModule;
    private readonly delegate* unmanaged<nint*, nint, byte*, int> _getFunction;
    private readonly delegate* unmanaged<nint, int, int, int> _setFunctionAttribute;
    private readonly delegate* unmanaged<LaunchConfiguration*, nint, void**, void**, int> _launch;
    private readonly delegate* unmanaged<nint*, uint, int> _createStream;
    private readonly delegate* unmanaged<nint, int> _destroyStream;
    private readonly delegate* unmanaged<nint, int, int> _beginCapture;
    private readonly delegate* unmanaged<nint, nint*, int> _endCapture;
    private readonly delegate* unmanaged<nint*, nint, ulong, int> _instantiateGraph;
    private readonly delegate* unmanaged<nint, nint, int> _launchGraph;
    private readonly delegate* unmanaged<nint, int> _destroyGraphExec;
    private readonly delegate* unmanaged<nint, int> _destroyGraph;

    private CudaDriver(nint library)
    {
        _errorName = (delegate* unmanaged<int, byte**, int>)NativeLibrary.GetExport(library, "cuGetErrorName");
        _errorString = (delegate* unmanaged<int, byte**, int>)NativeLibrary.GetExport(library, "cuGetErrorString");
        _version = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDriverGetVersion");
        _currentDevice = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuCtxGetDevice");
        _currentContext = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(library, "cuCtxGetCurrent");
        _setCurrentContext = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuCtxSetCurrent");
        _deviceAttribute = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(library, "cuDeviceGetAttribute");
        _memoryInfo = (delegate* unmanaged<nuint*, nuint*, int>)NativeLibrary.GetExport(library, "cuMemGetInfo_v2");
        _loadModule = (delegate* unmanaged<nint*, void*, int>)NativeLibrary.GetExport(library, "cuModuleLoadData");
        _unloadModule = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuModuleUnload");
        _getFunction = (delegate* unmanaged<nint*, nint, byte*, int>)NativeLibrary.GetExport(library, "cuModuleGetFunction");
        _setFunctionAttribute = (delegate* unmanaged<nint, int, int, int>)NativeLibrary.GetExport(library, "cuFuncSetAttribute");
        _launch = (delegate* unmanaged<LaunchConfiguration*, nint, void**, void**, int>)NativeLibrary.GetExport(library, "cuLaunchKernelEx");
        _createStream = (delegate* unmanaged<nint*, uint, int>)NativeLibrary.GetExport(library, "cuStreamCreate");
        _destroyStream = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuStreamDestroy_v2");
        _beginCapture = (delegate* unmanaged<nint, int, int>)NativeLibrary.GetExport(library, "cuStreamBeginCapture_v2");
        _endCapture = (delegate* unmanaged<nint, nint*, int>)NativeLibrary.GetExport(library, "cuStreamEndCapture");
        _instantiateGraph = (delegate* unmanaged<nint*, nint, ulong, int>)NativeLibrary.GetExport(library, "cuGraphInstantiateWithFlags");
        _launchGraph = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(library, "cuGraphLaunch");
        _destroyGraphExec = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuGraphExecDestroy");
        _destroyGraph = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuGraphDestroy");
    }

    /// <summary>File name of the driver's library.</summary>
    public static string LibraryName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>The machine's driver, or null where there is none, or one older than CUDA 11.8.</summary>
    public static CudaDriver? Instance => Shared.Value;

    /// <summary>The machine's driver.</summary>
    /// <exception cref="CudaException">There is none, or one older than CUDA 11.8.</exception>
    public static CudaDriver Required => Instance
        ?? throw new CudaException($"The NVIDIA driver's {LibraryName} was not found, or is older than CUDA 11.8. Install or update the driver.");

    /// <summary>Newest version of CUDA that the driver serves.</summary>
    public Version Version
    {
        get
        {
            int version;
            Check(_version(&version), "cuDriverGetVersion");
            return new Version(version / 1000, version % 1000 / 10);
        }
    }

    /// <summary>An attribute of the device that is current on this thread.</summary>
    /// <exception cref="CudaException">No device is current: torch has not used one on this thread.</exception>
    public int Attribute(DeviceAttribute attribute)
    {
        int device, value;
        Check(_currentDevice(&device), "cuCtxGetDevice");
        Check(_deviceAttribute(&value, (int)attribute, device), "cuDeviceGetAttribute");
        return value;
    }

    /// <summary>The context that is current on this thread; 0: none.</summary>
    public nint CurrentContext()
    {
        nint context;
        Check(_currentContext(&context), "cuCtxGetCurrent");
        return context;
    }

    /// <summary>Makes a context the calling thread's.</summary>
    public void SetCurrentContext(nint context) => Check(_setCurrentContext(context), "cuCtxSetCurrent");

    /// <summary>Free and total bytes of the current device; null when no device is current.</summary>
    public DeviceMemory? Memory()
    {
        nuint free, total;
        return _memoryInfo(&free, &total) == Success ? new DeviceMemory((long)free, (long)total) : null;
    }

    /// <summary>Loads compiled code.</summary>
    public nint LoadModule(ReadOnlySpan<byte> image)
    {
        nint module;
        fixed (byte* pointer = image)
        {
            var code = _loadModule(&module, pointer);
            if (code == OutOfMemory)
            {
                TorchReserve.Release();
                code = _loadModule(&module, pointer);
            }
            Check(code, "cuModuleLoadData");
        }
        return module;
    }

    public void UnloadModule(nint module) => Check(_unloadModule(module), "cuModuleUnload");

    /// <summary>A kernel of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">Its name in C linkage.</param>
    public nint Function(nint module, string name)
    {
        nint function;
        var text = Marshal.StringToCoTaskMemUTF8(name);
        try
        {
            Check(_getFunction(&function, module, (byte*)text), $"cuModuleGetFunction({name})");
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
        return function;
    }

    public void SetAttribute(nint function, FunctionAttribute attribute, int value) => Check(_setFunctionAttribute(function, (int)attribute, value), $"cuFuncSetAttribute({attribute}, {value})");

    /// <summary>Starts a kernel.</summary>
    /// <param name="configuration">Grid, block, stream, attributes.</param>
    /// <param name="function">The kernel.</param>
    /// <param name="arguments">Addresses of the arguments.</param>
    public void Launch(LaunchConfiguration* configuration, nint function, void** arguments) => Check(_launch(configuration, function, arguments, null), "cuLaunchKernelEx");

    /// <summary>A stream that does not wait for the default stream.</summary>
    public nint CreateStream()
    {
        const uint nonBlocking = 1;
        nint stream;
        Check(_createStream(&stream, nonBlocking), "cuStreamCreate");
        return stream;
    }

    public void DestroyStream(nint stream) => Check(_destroyStream(stream), "cuStreamDestroy");

    /// <summary>Records what is launched on a stream instead of running it. Other threads may go on using CUDA.</summary>
    public void BeginCapture(nint stream)
    {
        const int threadLocal = 1;
        Check(_beginCapture(stream, threadLocal), "cuStreamBeginCapture");
    }

    /// <summary>Ends a recording.</summary>
    /// <returns>The graph.</returns>
    public nint EndCapture(nint stream)
    {
        nint graph;
        Check(_endCapture(stream, &graph), "cuStreamEndCapture");
        return graph;
    }

    /// <summary>Makes a graph ready to launch.</summary>
    public nint Instantiate(nint graph)
    {
        nint executable;
        var code = _instantiateGraph(&executable, graph, 0);
        if (code == OutOfMemory)
        {
            TorchReserve.Release();
            code = _instantiateGraph(&executable, graph, 0);
        }
        Check(code, "cuGraphInstantiate");
        return executable;
    }

    public void LaunchGraph(nint executable, nint stream) => Check(_launchGraph(executable, stream), "cuGraphLaunch");

    public void DestroyExecutable(nint executable) => Check(_destroyGraphExec(executable), "cuGraphExecDestroy");

    public void DestroyGraph(nint graph) => Check(_destroyGraph(graph), "cuGraphDestroy");

    /// <summary>Turns an error code of a function into an exception.</summary>
    /// <exception cref="CudaException">The code is one of an error.</exception>
    public void Check(int code, string function)
    {
        if (code == Success)
            return;
        byte* name = null, text = null;
        _ = _errorName(code, &name);
        _ = _errorString(code, &text);
        throw new CudaException($"{function} failed: {Marshal.PtrToStringUTF8((nint)name) ?? "unknown error"} ({code}), {Marshal.PtrToStringUTF8((nint)text) ?? "no description"}");
    }

    private static CudaDriver? Load()
    {
        try
        {
            return NativeLibrary.TryLoad(LibraryName, out var library) ? new CudaDriver(library) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }
}
