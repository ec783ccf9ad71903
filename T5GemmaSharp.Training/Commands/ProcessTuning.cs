using T5GemmaSharp.Training.Distributed;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Settings of the process that native code reads when it is loaded.</summary>
internal static class ProcessTuning
{
    private const string WaitPolicy = "OMP_WAIT_POLICY";

    /// <summary>Lets OpenMP's threads sleep at a barrier, unless the user has chosen otherwise. To be called before libtorch is loaded.</summary>
    /// <remarks>By default they spin, and on a busy machine take the time of the thread they wait for: training became five times slower.</remarks>
    public static void Apply()
    {
        if (OperatingSystem.IsLinux())
            NativeEnvironment.Set(WaitPolicy, "passive");
    }
}
