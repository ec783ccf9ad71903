namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>What to download, and how. No record: its text must not show the token.</summary>
public sealed class HubDownloadOptions
{
    /// <summary>Branch, tag or commit; default <c>main</c>. All files are taken from the commit that it is at the start.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>The token that the hub asks for; null: that of the environment variable <c>HF_TOKEN</c>, if there is one; empty: none.</summary>
    /// <remarks>It goes to the endpoint only, never to a host that the endpoint redirects to, and stands in no message.</remarks>
    public string? Token { get; init; }

    /// <summary>Address of the hub; null: that of the environment variable <c>HF_ENDPOINT</c>, else <see cref="HubDownloader.DefaultEndpoint"/>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>
    /// Patterns of the paths to download; default: what this library reads. <c>*</c> is any text, slashes too, and <c>?</c> any character; a pattern that ends
    /// with a slash is all that is below it. Case counts.
    /// </summary>
    /// <remarks>HF: <c>allow_patterns</c>.</remarks>
    public IReadOnlyList<string> Include { get; init; } = ["*.json", "*.safetensors", "tokenizer.model", "chat_template.jinja"];

    /// <summary>Patterns of paths to leave out; default: none.</summary>
    /// <remarks>HF: <c>ignore_patterns</c>.</remarks>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>How many files are fetched at once, from 1; default 4.</summary>
    public int MaxParallelFiles { get; init; } = 4;

    /// <summary>How many failures in a row, without a byte in between, a request may have before the download fails; default 6.</summary>
    public int MaxRetries { get; init; } = 6;

    /// <summary>The wait after the first failure; it doubles with each, up to two minutes; default 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a connection may be silent before it counts as dropped; default 60 s.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Revision);
        ArgumentNullException.ThrowIfNull(Include);
        ArgumentNullException.ThrowIfNull(Exclude);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxParallelFiles, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRetries);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(StallTimeout, TimeSpan.Zero);
    }
}
