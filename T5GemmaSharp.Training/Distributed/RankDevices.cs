using System.Globalization;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>Gives each process of a machine a GPU of its own, and its share of the processor's cores.</summary>
internal static class RankDevices
{
    private const string VisibleDevices = "CUDA_VISIBLE_DEVICES";
    private const string Threads = "OMP_NUM_THREADS";

    /// <summary>Lets this process see its GPU only, so that everything in it uses that one. To be called before anything asks for CUDA.</summary>
    /// <param name="environment">What the launcher says.</param>
    public static void Choose(LaunchEnvironment environment)
    {
        if (environment.World == 1)
            return;
        NativeEnvironment.Set(VisibleDevices, Visible(environment.LocalRank, Environment.GetEnvironmentVariable(VisibleDevices)), replaces: true);
        if (environment.LocalWorld is { } processes)
            NativeEnvironment.Set(Threads, Math.Max(1, Environment.ProcessorCount / processes).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The device of a process.</summary>
    /// <param name="localRank">Its number on the machine.</param>
    /// <param name="visible">Devices that it may see; null: all. One alone has been chosen by the launcher.</param>
    public static string Visible(int localRank, string? visible)
    {
        if (visible is null)
            return localRank.ToString(CultureInfo.InvariantCulture);
        var devices = visible.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return devices.Length <= 1 ? visible : localRank < devices.Length ? devices[localRank]
            : throw new ArgumentException($"{VisibleDevices}: expected a device for local rank {localRank}, got {devices.Length} ({visible}); start no more processes on a machine than it has GPUs");
    }
}
