using System.Runtime.InteropServices;

namespace T5GemmaSharp.Tests.Support;

/// <summary>The C library's own account of its heap (glibc), which shows a leak of a few bytes a call.</summary>
internal static class NativeHeap
{
    private const int WarmUpRounds = 2;
    private const int Rounds = 9;

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
