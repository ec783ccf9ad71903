namespace T5GemmaSharp.Hosting;

/// <summary>Names for those who collect what a service measures.</summary>
public static class T5GemmaTelemetry
{
    /// <summary>
    /// Name of the meter: <c>gen_ai.server.request.duration</c>, <c>gen_ai.server.time_to_first_token</c>, <c>gen_ai.server.time_per_output_token</c>, <c>t5gemma.tokens</c>,
    /// <c>t5gemma.batch.rows</c>, <c>t5gemma.queue.duration</c>, <c>t5gemma.requests.waiting</c>, <c>t5gemma.requests.active</c> and <c>t5gemma.requests.refused</c>.
    /// </summary>
    public const string MeterName = "T5GemmaSharp";

    /// <summary>Name of the source of activities: one for each request, from its arrival to its end.</summary>
    public const string ActivitySourceName = "T5GemmaSharp";
}
