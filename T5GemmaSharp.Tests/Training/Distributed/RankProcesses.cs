using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace T5GemmaSharp.Tests.Training.Distributed;

/// <summary>The processes that MPICH's launcher has started.</summary>
internal static partial class RankProcesses
{
    /// <summary>Process of a rank.</summary>
    /// <param name="launcher">The launcher.</param>
    /// <param name="rank">The rank.</param>
    public static int Find(Process launcher, int rank) => Descendants(launcher.Id).First(process => IsRank(process, rank));

    /// <summary>Sends a signal, at once.</summary>
    /// <param name="process">The process.</param>
    /// <param name="signal">KILL or STOP, as Linux numbers them.</param>
    public static void Signal(int process, string signal)
    {
        const int kill = 9;
        const int stop = 19;
        _ = Kill(process, signal == "KILL" ? kill : stop);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private static bool IsRank(int process, int rank)
        => File.Exists($"/proc/{process}/environ") && File.ReadAllText($"/proc/{process}/environ").Split('\0').Contains(string.Create(CultureInfo.InvariantCulture, $"PMI_RANK={rank}"));

    private static IEnumerable<int> Descendants(int process)
    {
        var children = $"/proc/{process}/task/{process}/children";
        if (!File.Exists(children))
            return [];
        return File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(child => int.Parse(child, CultureInfo.InvariantCulture)).SelectMany(child => Descendants(child).Prepend(child));
    }
}
