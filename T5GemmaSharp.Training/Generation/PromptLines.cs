using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Reads prompts from a stream, one a line: texts, or rows of JSON.</summary>
/// <param name="stream">The stream.</param>
/// <param name="name">Its name, for messages.</param>
/// <param name="isJson">Whether a line is JSON.</param>
internal sealed class PromptLines(Stream stream, string name, bool isJson) : InputLines<Prompt>(stream, name, (line, place) => Read(line, place, isJson))
{
    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static Prompt Read(ReadOnlyMemory<byte> line, string place, bool isJson) => isJson ? PromptRow.Read(line, place) : new Prompt(place, StrictUtf8.GetString(line.Span));
}
