using NUnit.Framework;
using T5GemmaSharp.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>A command line run in this process: its exit code and what it printed.</summary>
internal static class CommandRun
{
    /// <summary>Asserts that a command line was refused: exit code 2, one line on standard error that says why, nothing on standard output.</summary>
    public static void AssertRefused((int Code, string Output, string Errors) run, string expected) => Assert.Multiple(() =>
    {
        Assert.That(run.Code, Is.EqualTo(2), run.Errors);
        Assert.That(run.Errors, Does.StartWith("error: ").And.Contain(expected));
        Assert.That(run.Errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1));
        Assert.That(run.Output, Is.Empty);
    });

    public static (int Code, string Output, string Errors) Of(params string[] arguments)
    {
        var (output, errors) = (Console.Out, Console.Error);
        using var capturedOutput = new StringWriter { NewLine = "\n" };
        using var capturedErrors = new StringWriter { NewLine = "\n" };
        Console.SetOut(capturedOutput);
        Console.SetError(capturedErrors);
        try
        {
            var code = CommandRunner.Run(CommandLine.Create(), arguments);
            return (code, capturedOutput.ToString(), capturedErrors.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }
}
