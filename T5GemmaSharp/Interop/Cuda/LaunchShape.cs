namespace T5GemmaSharp.Interop.Cuda;

/// <summary>How a kernel is spread over the device.</summary>
/// <param name="BlocksX">Blocks along x.</param>
/// <param name="BlocksY">Blocks along y.</param>
/// <param name="Threads">Threads of a block.</param>
internal readonly record struct LaunchShape(int BlocksX, int BlocksY, int Threads)
{
    /// <summary>Bytes of shared memory that the launch adds to what the kernel declares.</summary>
    public int SharedBytes { get; init; }

    /// <summary>Blocks along x that form a cluster; 0 or 1: none.</summary>
    public int ClusterSize { get; init; }

    /// <summary>Whether it may start before the kernel before it has ended.</summary>
    public bool StartsEarly { get; init; }
}
