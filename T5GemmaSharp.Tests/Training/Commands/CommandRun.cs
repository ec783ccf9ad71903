using T5GemmaSharp.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>A command line run in this process: its exit code and what it printed.</summary>
internal static class CommandRun
{
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
