using System.Security.Cryptography;
using System.Text;

namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>Recognizes the templates that Gemma's repositories publish.</summary>
internal static class KnownTemplates
{
    private const string WithBos = "1e51d5c0fec2f83da1953fb850b7b532b7da02d0dc35f9201e671e0b9a35a123";
    private const string WithoutBos = "3c050259279da4341947d5f012aadc5975af71c235e71ef7e520531aaec17a86";

    /// <summary>The built-in format that writes what a template would; null when the template is not known.</summary>
    /// <param name="source">The template.</param>
    /// <param name="name">Its name, for messages.</param>
    public static GemmaTurnFormat? Find(string source, string name)
    {
        var normalized = source.Replace("\r\n", "\n", StringComparison.Ordinal);
        if (normalized.EndsWith('\n'))
            normalized = normalized[..^1]; // Jinja drops one line break at the end
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(normalized))) switch
        {
            WithBos => new GemmaTurnFormat(name, beginsWithBos: true),
            WithoutBos => new GemmaTurnFormat(name, beginsWithBos: false),
            _ => null,
        };
    }
}
