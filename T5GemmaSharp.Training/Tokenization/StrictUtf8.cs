using System.Text;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>UTF-8 without replacement characters: what is not UTF-8 is a fault with its place.</summary>
internal static class StrictUtf8
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Decodes bytes.</summary>
    /// <exception cref="FormatException">They are not UTF-8; the message has the bytes and their position.</exception>
    public static string GetString(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw new FormatException($"expected UTF-8, got the bytes {Convert.ToHexString(exception.BytesUnknown ?? [])} at {exception.Index}", exception);
        }
    }
}
