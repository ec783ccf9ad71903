using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Writes answers to standard output while they grow, one after the other.</summary>
/// <remarks>The text is that of a whole answer but for bytes that are no UTF-8, of which a whole answer replaces more (see <see cref="T5GemmaSharp.Tokenization.TokenStreamDecoder"/>).</remarks>
/// <param name="worker">The thread of the model.</param>
/// <param name="generator">Says how prompts are answered.</param>
/// <param name="format">Text or line.</param>
/// <param name="cut">Takes account of each answer.</param>
internal sealed class AnswerStream(GenerationWorker worker, TextGenerator generator, AnswerFormat format, CutAnswers cut)
{
    /// <summary>Answers a prompt.</summary>
    /// <exception cref="OperationCanceledException">The answer was ended early; what there was of it is written.</exception>
    public void Write(EncodedPrompt prompt, CancellationToken cancellation) => WriteAsync(prompt, cancellation).GetAwaiter().GetResult();

    private async Task WriteAsync(EncodedPrompt prompt, CancellationToken cancellation)
    {
        var (text, ids, isLineOpen) = (new GrowingText(format), new List<int>(), false);
        try
        {
            await foreach (var token in worker.StreamAsync(generator.StreamRequest(prompt), cancellation))
            {
                if (LineOutput.IsStandardOutputClosed())
                    return;
                var piece = text.Append(token.Text);
                isLineOpen |= piece.Length > 0 || token.FinishReason is not null; // an empty answer is a line too
                Console.Out.Write(piece);
                Console.Out.Flush();
                ids.Add((int)token.Id);
                if (token.FinishReason is { } reason)
                    cut.Add(ids, reason);
                if (token.Route is { } route)
                    generator.OnRoute?.Invoke(route);
            }
        }
        finally
        {
            if (isLineOpen)
                Console.Out.WriteLine();
        }
    }
}
