using Microsoft.Extensions.Logging;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Hosting.Telemetry;

/// <summary>What a service writes to its log. Texts of requests are never written.</summary>
internal static partial class EngineLog
{
    [LoggerMessage(1, LogLevel.Information, "T5Gemma {Model}: loading {Folder}")]
    public static partial void Loading(ILogger logger, string model, string folder);

    [LoggerMessage(2, LogLevel.Information, "T5Gemma {Model}: ready after {Seconds:0.0} s, {ModelClass} on {Device}, steps by {Route}")]
    public static partial void Ready(ILogger logger, string model, double seconds, string modelClass, string device, DecodingRoute? route);

    [LoggerMessage(3, LogLevel.Critical, "T5Gemma {Model}: takes no requests, it has failed")]
    public static partial void Failed(ILogger logger, Exception error, string model);

    [LoggerMessage(4, LogLevel.Information, "T5Gemma {Model}: stopping, {Waiting} requests wait and {Active} answers are being generated")]
    public static partial void Stopping(ILogger logger, string model, int waiting, int active);

    [LoggerMessage(5, LogLevel.Warning, "T5Gemma {Model}: patience has ended, what is not answered fails")]
    public static partial void Aborting(ILogger logger, string model);

    [LoggerMessage(6, LogLevel.Information, "T5Gemma {Model}: stopped")]
    public static partial void Stopped(ILogger logger, string model);

    [LoggerMessage(7, LogLevel.Warning, "T5Gemma {Model}: the queue of {Capacity} requests is full")]
    public static partial void QueueFull(ILogger logger, string model, int capacity);

    [LoggerMessage(8, LogLevel.Error, "T5Gemma {Model}: a request ({Operation}) failed after {Milliseconds:0} ms")]
    public static partial void RequestFailed(ILogger logger, Exception error, string model, string operation, double milliseconds);

    [LoggerMessage(9, LogLevel.Debug, "T5Gemma {Model}: a request ({Operation}) ended after {Milliseconds:0} ms: {Outcome}")]
    public static partial void RequestEnded(ILogger logger, string model, string operation, double milliseconds, string outcome);
}
