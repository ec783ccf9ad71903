using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>The program as another program sees it: a child process behind pipes.</summary>
internal static class CommandProcess
{
    /// <summary>Starts the program.</summary>
    /// <param name="arguments">The verb and its arguments.</param>
    /// <param name="environment">Variables that the child gets.</param>
    public static Process Start(IEnumerable<string> arguments, params (string Name, string Value)[] environment) => Start(Command(arguments), environment);

    /// <summary>Starts the program on a terminal of its own, whose screen is the output and whose keyboard the input; a test is skipped where that cannot be had.</summary>
    /// <param name="arguments">The verb and its arguments.</param>
    public static Process StartOnTerminal(IEnumerable<string> arguments)
    {
        const string Recorder = "/usr/bin/script";
        if (!OperatingSystem.IsLinux() || !File.Exists(Recorder))
            Assert.Ignore($"there is no {Recorder} of util-linux to make a terminal");
        return Start([Recorder, "--quiet", "--return", "--flush", "--command", string.Join(' ', Command(arguments).Select(word => $"'{word}'")), "/dev/null"], environment: []);
    }

    /// <summary>Starts the program under a launcher.</summary>
    /// <param name="launcher">The launcher and its arguments, which end where the program's command line begins.</param>
    /// <param name="arguments">The verb and its arguments.</param>
    /// <param name="environment">Variables that the launcher gets.</param>
    public static Process StartUnder(IEnumerable<string> launcher, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
        => Start([.. launcher, .. Command(arguments)], environment);

    private static string[] Command(IEnumerable<string> arguments)
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string[] command = [Path.Combine(root, "dotnet"), Path.Combine(AppContext.BaseDirectory, "T5GemmaSharp.Training.dll"), .. arguments];
        return IgnoresInterrupts() ? ["env", "--default-signal=INT", .. command] : command; // a child inherits what its parent ignores
    }

    private static Process Start(string[] command, (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start.");
    }

    /// <summary>Closes the reading end of a child's output and asserts that it ends quietly though its input goes on.</summary>
    /// <param name="process">The child.</param>
    /// <param name="line">A line of input that it answers.</param>
    /// <param name="cancellation">Ends the test.</param>
    public static async Task AssertEndsWithoutReader(Process process, string line, CancellationToken cancellation)
    {
        process.StandardOutput.Close();
        try
        {
            while (!process.HasExited)
                await process.StandardInput.WriteLineAsync(line.AsMemory(), cancellation);
        }
        catch (IOException)
        {
            // the child has closed its end
        }

        await process.WaitForExitAsync(cancellation);
        Assert.That((process.ExitCode, await process.StandardError.ReadToEndAsync(cancellation)), Is.EqualTo((0, "")));
    }

    // As every job does that a shell without job control starts in the background.
    private static bool IgnoresInterrupts()
    {
        const string Status = "/proc/self/status";
        const string Field = "SigIgn:";
        const ulong Interrupt = 1 << (2 - 1);
        return File.Exists(Status)
            && File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal)) is { } line
            && (ulong.Parse(line.AsSpan(Field.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) & Interrupt) != 0;
    }
}
