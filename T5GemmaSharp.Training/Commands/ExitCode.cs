namespace T5GemmaSharp.Training.Commands;

/// <summary>Exit codes of the program.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Unexpected = 1;
    public const int BadInput = 2;
    public const int Diverged = 3;
    public const int PeerLost = 4;
    public const int Interrupted = 130;
}
