using System.Diagnostics;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Support;

/// <summary>Runs the dotnet command that these tests run on.</summary>
internal static class DotnetCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static readonly string Root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>Skips the test where only the runtime is installed.</summary>
    public static void RequireSdk()
    {
        if (!Directory.Exists(Path.Combine(Root, "sdk")))
            Assert.Ignore($"'{Root}' has no SDK");
    }

    /// <summary>Runs a command line to its end.</summary>
    /// <param name="folder">The working directory.</param>
    /// <param name="arguments">What stands after <c>dotnet</c>.</param>
    /// <param name="environment">Variables that are added, or with null removed.</param>
    /// <returns>The exit code and everything printed.</returns>
    public static (int ExitCode, string Output) Run(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> environment)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, "dotnet"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        // Servers that outlive the command would keep the pipes open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start.");
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The child process ran longer than {Limit}.");
        }
        return (process.ExitCode, output.Result + errors.Result);
    }
}
