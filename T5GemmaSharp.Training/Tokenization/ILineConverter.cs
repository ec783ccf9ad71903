using System.Text.Json;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>Turns a line of JSON into another.</summary>
internal interface ILineConverter
{
    /// <summary>Writes the answer to a line as one JSON value.</summary>
    /// <exception cref="FormatException">The line is not what was expected.</exception>
    void Convert(ReadOnlySpan<byte> line, Utf8JsonWriter json);
}
