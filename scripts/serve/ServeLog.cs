namespace T5GemmaSharp.Serve;

/// <summary>What the service says of itself. Texts of requests are never among it.</summary>
internal static class ServeLog
{
    private static readonly Action<ILogger, Exception?> Failed = LoggerMessage.Define(LogLevel.Error, new EventId(1, nameof(RequestFailed)), "A request has failed.");
    private static readonly Action<ILogger, Exception?> Open = LoggerMessage.Define(LogLevel.Warning, new EventId(2, nameof(NoKey)), "The service listens to other machines and asks for no key; Serve__ApiKey sets one.");

    public static void RequestFailed(ILogger log, Exception error) => Failed(log, error);

    public static void NoKey(ILogger log) => Open(log, null);
}
