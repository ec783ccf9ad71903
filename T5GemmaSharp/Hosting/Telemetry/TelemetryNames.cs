namespace T5GemmaSharp.Hosting.Telemetry;

/// <summary>Names of the GenAI conventions of OpenTelemetry, and of what they do not name.</summary>
internal static class TelemetryNames
{
    public const string Chat = "chat";
    public const string Embeddings = "embeddings";
    public const string Classify = "classify";
    public const string Score = "score";

    public const string Operation = "gen_ai.operation.name";
    public const string ProviderName = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string ResponseModel = "gen_ai.response.model";
    public const string MaxTokens = "gen_ai.request.max_tokens";
    public const string Temperature = "gen_ai.request.temperature";
    public const string TopP = "gen_ai.request.top_p";
    public const string TopK = "gen_ai.request.top_k";
    public const string Seed = "gen_ai.request.seed";
    public const string FinishReasons = "gen_ai.response.finish_reasons";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string TokenType = "gen_ai.token.type";
    public const string ErrorType = "error.type";
    public const string QueueTime = "t5gemma.queue.duration";
    public const string Model = "t5gemma.model";
}
