using System.CommandLine;
using T5GemmaSharp.Interop;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Actions of the verbs that compute with torch.</summary>
internal static class TorchAction
{
    /// <summary>Sets what a verb does, after the loading of libtorch has been prepared.</summary>
    /// <remarks>Here and not in a module initializer, so that a wrong T5GEMMA_LIBTORCH is one line like every other fault, and concerns only the verbs that need it.</remarks>
    public static void SetTorchAction(this Command command, Func<ParseResult, int> action)
        => command.SetAction(result =>
        {
            TorchNative.Install();
            return action(result);
        });
}
