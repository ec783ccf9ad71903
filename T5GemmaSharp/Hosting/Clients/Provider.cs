namespace T5GemmaSharp.Hosting.Clients;

/// <summary>What clients say of themselves.</summary>
internal static class Provider
{
    /// <summary>Value of <c>gen_ai.provider.name</c>.</summary>
    public const string Name = "t5gemma";
}
