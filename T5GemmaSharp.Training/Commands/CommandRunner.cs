using System.CommandLine;
using System.CommandLine.Invocation;
using System.Security;
using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Runs a command line and turns every failure into one line and an exit code.</summary>
internal static class CommandRunner
{
    public static int Run(RootCommand root, string[] arguments)
    {
        var result = root.Parse(arguments);
        if (result.Action is ParseErrorAction)
            return Fail(ExitCode.BadInput, $"{result.Errors[0].Message} (see --help)");
        try
        {
            // The commands watch the signals themselves: a step in progress may take longer than the library's two seconds.
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (TrainingDivergedException exception)
        {
            return Fail(ExitCode.Diverged, exception.Message);
        }
        catch (Exception exception) when (IsBadInput(exception))
        {
            return Fail(ExitCode.BadInput, exception.Message);
        }
        catch (Exception exception)
        {
            var code = Fail(ExitCode.Unexpected, $"unexpected {exception.GetType().Name}: {exception.Message}");
            Console.Error.WriteLine(exception);
            return code;
        }
    }

    private static bool IsBadInput(Exception exception) => exception
        is UsageException or ArgumentException or FormatException or NotSupportedException
        or IOException or UnauthorizedAccessException or SecurityException
        or CheckpointMismatchException;

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine($"error: {message.ReplaceLineEndings(" ")}");
        return code;
    }
}
