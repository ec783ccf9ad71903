using System.Runtime.InteropServices;

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>The driver's <c>CUlaunchAttribute</c>: a kind, and a value of which the first three numbers are enough here.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal struct LaunchAttribute
{
    [FieldOffset(0)]
    private uint _kind;

    [FieldOffset(8)]
    private uint _x;

    [FieldOffset(12)]
    private uint _y;

    [FieldOffset(16)]
    private uint _z;

    /// <summary>Blocks along x form clusters that share their memory.</summary>
    /// <param name="blocks">Blocks of a cluster; divides the grid.</param>
    public static LaunchAttribute Cluster(uint blocks) => new() { _kind = 4, _x = blocks, _y = 1, _z = 1 };

    /// <summary>The kernel may start before the one before it has ended; it waits for its results by <c>griddepcontrol.wait</c>.</summary>
    public static LaunchAttribute ProgrammaticStart() => new() { _kind = 6, _x = 1 };
}
