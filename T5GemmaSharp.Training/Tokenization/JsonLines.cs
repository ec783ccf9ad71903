using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>Answers every line of a stream with a line.</summary>
internal static class JsonLines
{
    /// <summary>Converts until the input ends or nobody reads the output any more.</summary>
    /// <param name="input">JSON, one value a line.</param>
    /// <param name="inputName">The input's name, for messages.</param>
    /// <param name="output">Receives a line for each. It gets all finished lines before the input is waited for, so that a peer may wait for its answer.</param>
    /// <param name="converter">Makes the answers.</param>
    /// <exception cref="FormatException">A line is not what was expected; the lines before it have been answered.</exception>
    public static void Convert(Stream input, string inputName, LineOutput output, ILineConverter converter)
    {
        var reader = new LineReader(input);
        var answers = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(answers, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        try
        {
            while (reader.Fill())
            {
                ConvertArrived(reader, converter, answers, json);
                if (!output.TryWrite(answers.WrittenSpan))
                    return;
                answers.ResetWrittenCount();
            }
        }
        catch (FormatException exception)
        {
            output.TryWrite(answers.WrittenSpan);
            throw new FormatException($"{inputName}: {exception.Message}", exception);
        }
    }

    private static void ConvertArrived(LineReader reader, ILineConverter converter, ArrayBufferWriter<byte> answers, Utf8JsonWriter json)
    {
        while (reader.TryTake(out var line))
        {
            json.Reset();
            try
            {
                converter.Convert(line, json);
            }
            catch (FormatException exception)
            {
                throw new FormatException($"line {reader.LineNumber}: {exception.Message}", exception);
            }

            json.Flush();
            answers.Write("\n"u8);
        }
    }
}
