using System.Runtime.InteropServices;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>Environment variables as native code sees them: .NET's own environment is a copy that it does not.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable for libraries that are loaded later, and for this process. Does nothing on Windows, where both are one.</summary>
    /// <param name="name">Name of the variable.</param>
    /// <param name="value">Its value.</param>
    /// <param name="replaces">Whether a value that the user has set is replaced.</param>
    public static void Set(string name, string value, bool replaces = false)
    {
        if (!replaces && Environment.GetEnvironmentVariable(name) is not null)
            return;
        Environment.SetEnvironmentVariable(name, value);
        if (!OperatingSystem.IsWindows())
            _ = SetVariable(name, value, overwrite: 1);
    }

    /// <summary>Ends the process at once, without waiting for threads that hang in native code.</summary>
    /// <param name="code">The exit code.</param>
    public static void EndProcess(int code)
    {
        Console.Out.Flush();
        if (!OperatingSystem.IsWindows())
            ExitAtOnce(code);
        Environment.Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitAtOnce(int code);
}
