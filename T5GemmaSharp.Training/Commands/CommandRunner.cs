using System.CommandLine;
using System.CommandLine.Invocation;
using System.Security;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Training.Distributed;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Runs a command line and turns every failure into one line and an exit code.</summary>
internal static class CommandRunner
{
    public static int Run(RootCommand root, string[] arguments)
    {
        try
        {
            // A text may begin with @; it names no file of further arguments.
            var result = root.Parse(OptionsFile.Expand(root, arguments), new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (result.Action is ParseErrorAction)
                return Fail(ExitCode.BadInput, $"{Describe(result)} (see --help)");

            // The commands watch the signals themselves: a step in progress may take longer than the library's two seconds.
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception exception)
        {
            return Report(exception);
        }
    }

    /// <summary>Tells of a fault.</summary>
    /// <param name="exception">The fault.</param>
    /// <param name="origin">What stands before its description.</param>
    /// <returns>The exit code.</returns>
    public static int Report(Exception exception, string origin = "")
    {
        switch (exception)
        {
            case OperationCanceledException:
                return ExitCode.Interrupted;
            case TrainingDivergedException:
                return Fail(ExitCode.Diverged, origin + exception.Message);
            case PeerLostException:
                return Fail(ExitCode.PeerLost, origin + exception.Message);
            case var _ when OutOfMemory.IsIn(exception):
                return Fail(ExitCode.BadInput, $"{origin}memory ran out: {OutOfMemory.Cause(exception)}");
            case var _ when IsBadInput(exception):
                return Fail(ExitCode.BadInput, origin + exception.Message);
            default:
                var code = Fail(ExitCode.Unexpected, $"{origin}unexpected {exception.GetType().Name}: {exception.Message}");
                Console.Error.WriteLine(exception);
                return code;
        }
    }

    // The first error of an unknown word is that the command is missing, which hides the cause.
    private static string Describe(ParseResult result)
        => result.UnmatchedTokens is [var token, ..] ? $"{token}: expected a command or an option, it is neither" : result.Errors[0].Message;

    private static bool IsBadInput(Exception exception) => exception
        is UsageException or ArgumentException or FormatException or NotSupportedException or InvalidDataException
        or IOException or UnauthorizedAccessException or SecurityException
        or CheckpointMismatchException or T5GemmaConfigException or CudaUnavailableException or TorchNativeException or TrainingMemoryException or EngineMissingException;

    private static int Fail(int code, string message)
    {
        Console.Error.WriteLine($"error: {message.ReplaceLineEndings(" ")}");
        return code;
    }
}
