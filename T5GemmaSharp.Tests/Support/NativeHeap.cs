using System.Runtime.InteropServices;

namespace T5GemmaSharp.Tests.Support;

/// <summary>The C library's own account of its heap (glibc), which shows a leak of a few bytes a call.</summary>
internal static class NativeHeap
{
    private const int WarmUpRounds = 2;
    private const int Rounds = 9;
    private const int MapThreshold = -3; // M_MMAP_THRESHOLD
    private const int LargestThreshold = 32 << 20; // where the C library's own adaptation ends

    /// <summary>By how many bytes a call leaves the heap larger.</summary>
    /// <remarks>
    /// The median of several rounds: the runtime itself allocates and frees now and then (a method compiled anew, a larger table),
    /// which falls into single rounds, while a leak shows in each.
    /// </remarks>
    public static double GrowthPerCall(Action call, int callsPerRound)
    {
        var growth = new List<double>();
        for (var round = 0; round < WarmUpRounds + Rounds; round++)
        {
            var before = BytesInUse();
            for (var index = 0; index < callsPerRound; index++)
                call();
            growth.Add((BytesInUse() - before) / (double)callsPerRound);
        }
        return growth.Skip(WarmUpRounds).Order().ElementAt(Rounds / 2);
    }

    /// <summary>Gives what is free back to the system, so that resident memory is memory in use.</summary>
    public static void Trim() => _ = TrimHeap(keptBytes: 0);

    /// <summary>Until the result is disposed, every block as large as a tensor of some size has memory of its own that goes back to the system with it: the heap has no holes, and resident memory follows the tensors.</summary>
    public static IDisposable MapBlocks()
    {
        _ = SetOption(MapThreshold, 64 << 10);
        return new Reset();
    }

    // What managed code has dropped is finalized first.
    private static long BytesInUse()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var info = ReadInfo();
        return (long)(info.InUse + info.Mapped);
    }

    [DllImport("libc", EntryPoint = "mallinfo2", ExactSpelling = true)]
    private static extern Info ReadInfo();

    [DllImport("libc", EntryPoint = "malloc_trim", ExactSpelling = true)]
    private static extern int TrimHeap(nuint keptBytes);

    [DllImport("libc", EntryPoint = "mallopt", ExactSpelling = true)]
    private static extern int SetOption(int option, int value);

    private sealed class Reset : IDisposable
    {
        public void Dispose() => _ = SetOption(MapThreshold, LargestThreshold);
    }

    [StructLayout(LayoutKind.Sequential, Size = 10 * 8)]
    private readonly struct Info
    {
        private readonly nuint _arena;
        private readonly nuint _freeChunks;
        private readonly nuint _fastChunks;
        private readonly nuint _mappedRegions;
        public readonly nuint Mapped;
        private readonly nuint _unused;
        private readonly nuint _freeFast;
        public readonly nuint InUse;
    }
}
