using System.Runtime.InteropServices;
using System.Text;

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>NVIDIA's run-time compiler.</summary>
internal sealed unsafe class Nvrtc
{
    private const int Success = 0;

    private static readonly Lazy<Nvrtc?> Shared = new(() => NvrtcLibrary.Find() is { } library ? TryCreate(library) : null);

    private readonly delegate* unmanaged<int, byte*> _errorString;
    private readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> _createProgram;
    private readonly delegate* unmanaged<nint, int, byte**, int> _compileProgram;
    private readonly delegate* unmanaged<nint, nuint*, int> _codeSize;
    private readonly delegate* unmanaged<nint, byte*, int> _code;
    private readonly delegate* unmanaged<nint, nuint*, int> _logSize;
    private readonly delegate* unmanaged<nint, byte*, int> _log;
    private readonly delegate* unmanaged<nint*, int> _destroyProgram;

    private Nvrtc(nint library)
    {
        _errorString = (delegate* unmanaged<int, byte*>)NativeLibrary.GetExport(library, "nvrtcGetErrorString");
        _createProgram = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)NativeLibrary.GetExport(library, "nvrtcCreateProgram");
        _compileProgram = (delegate* unmanaged<nint, int, byte**, int>)NativeLibrary.GetExport(library, "nvrtcCompileProgram");
        _codeSize = (delegate* unmanaged<nint, nuint*, int>)NativeLibrary.GetExport(library, "nvrtcGetCUBINSize");
        _code = (delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(library, "nvrtcGetCUBIN");
        _logSize = (delegate* unmanaged<nint, nuint*, int>)NativeLibrary.GetExport(library, "nvrtcGetProgramLogSize");
        _log = (delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(library, "nvrtcGetProgramLog");
        _destroyProgram = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(library, "nvrtcDestroyProgram");
        int major, minor;
        Check(((delegate* unmanaged<int*, int*, int>)NativeLibrary.GetExport(library, "nvrtcVersion"))(&major, &minor), "nvrtcVersion");
        Version = new Version(major, minor);
    }

    /// <summary>The compiler of this machine, or null where none is found.</summary>
    public static Nvrtc? Instance => Shared.Value;

    /// <summary>CUDA version of the compiler.</summary>
    public Version Version { get; }

    /// <summary>Compiles a source that includes nothing.</summary>
    /// <param name="source">CUDA C++.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="options">Options, among them <c>-arch=sm_90</c>.</param>
    /// <returns>The cubin.</returns>
    /// <exception cref="CudaException">The source has errors, or the architecture is not known; the message has the compiler's log.</exception>
    public byte[] Compile(string source, string name, IReadOnlyList<string> options)
    {
        nint program;
        fixed (byte* text = Text(source), label = Text(name))
            Check(_createProgram(&program, text, label, 0, null, null), "nvrtcCreateProgram");
        try
        {
            Build(program, name, options);
            nuint size;
            Check(_codeSize(program, &size), "nvrtcGetCUBINSize");
            var code = new byte[size];
            fixed (byte* pointer = code)
                Check(_code(program, pointer), "nvrtcGetCUBIN");
            return code;
        }
        finally
        {
            _ = _destroyProgram(&program);
        }
    }

    private static Nvrtc? TryCreate(nint library)
    {
        try
        {
            return new Nvrtc(library);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    private static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    private void Build(nint program, string name, IReadOnlyList<string> options)
    {
        var texts = stackalloc byte*[options.Count];
        try
        {
            for (var index = 0; index < options.Count; index++)
                texts[index] = (byte*)Marshal.StringToCoTaskMemUTF8(options[index]);
            var code = _compileProgram(program, options.Count, texts);
            if (code != Success)
                throw new CudaException($"{name} does not compile with NVRTC {Version} and {string.Join(' ', options)}: {ErrorText(code)}\n{Log(program)}");
        }
        finally
        {
            for (var index = 0; index < options.Count; index++)
                Marshal.FreeCoTaskMem((nint)texts[index]);
        }
    }

    private string Log(nint program)
    {
        nuint size;
        if (_logSize(program, &size) != Success || size == 0)
            return "";
        var log = new byte[size];
        fixed (byte* pointer = log)
            return _log(program, pointer) == Success ? Encoding.UTF8.GetString(log).TrimEnd('\0', '\n') : "";
    }

    private string ErrorText(int code) => $"{Marshal.PtrToStringUTF8((nint)_errorString(code))} ({code})";

    private void Check(int code, string function)
    {
        if (code != Success)
            throw new CudaException($"{function} failed: {ErrorText(code)}");
    }
}
