namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Names of answers.</summary>
internal static class Identifier
{
    /// <summary>A name that nothing else has.</summary>
    public static string New() => Guid.NewGuid().ToString("N");
}
