namespace T5GemmaSharp.Serve;

/// <summary>Limits and key of the web surface; section <c>Serve</c> of the configuration. What bounds the model is in section <c>T5Gemma</c>.</summary>
internal sealed class ServeOptions
{
    /// <summary>Key that requests have to carry as <c>Authorization: Bearer</c>; empty (default): none is asked for. Better given as the environment variable <c>Serve__ApiKey</c>, which no list of processes shows.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>Longest body in bytes; default 2 MiB.</summary>
    public long MaxBodyBytes { get; set; } = 2 << 20;

    /// <summary>Most answers of one request, prompts times <c>n</c>; default 16.</summary>
    public int MaxChoices { get; set; } = 16;

    /// <summary>Most texts of one request for vectors or labels; default 256.</summary>
    public int MaxTexts { get; set; } = 256;

    /// <summary>Most beams; default 8. Each needs the memory of an answer.</summary>
    public int MaxBeams { get; set; } = 8;

    /// <summary>Most open connections; default 1024.</summary>
    public long MaxConnections { get; set; } = 1024;
}
