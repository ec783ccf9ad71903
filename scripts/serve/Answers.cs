using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace T5GemmaSharp.Serve;

/// <summary>A prompt with the settings of one answer to it.</summary>
internal sealed record Question(IReadOnlyList<ChatMessage> Messages, ChatOptions Options);

/// <summary>A part of an answer, or all of it.</summary>
/// <param name="Index">Which answer.</param>
/// <param name="Text">Its text.</param>
/// <param name="FinishReason">Why it ends here: <c>stop</c> or <c>length</c>; null: it goes on.</param>
/// <param name="Usage">Numbers of tokens, where it ends.</param>
internal sealed record AnswerPart(int Index, string Text, string? FinishReason, UsageDetails? Usage);

/// <summary>Asks the model, several questions at once.</summary>
internal static class Answers
{
    /// <summary>Whole answers. If one fails, the others end.</summary>
    public static async Task<AnswerPart[]> WholeAsync(IChatClient chat, IReadOnlyList<Question> questions, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        return await Together(questions.Select((question, index) => WholeAsync(chat, question, index, end.Token)), end);
    }

    /// <summary>
    /// Parts of answers as they come. They begin when each answer has its first part, so that a full queue is known before anything is sent.
    /// </summary>
    public static async IAsyncEnumerable<AnswerPart> PartsAsync(IChatClient chat, IReadOnlyList<Question> questions, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var readers = questions.Select((question, index) => PartsAsync(chat, question, index, end.Token).GetAsyncEnumerator(CancellationToken.None)).ToArray();
        Task<bool>?[] moves = [.. readers.Select(reader => reader.MoveNextAsync().AsTask())];
        try
        {
            await Together(moves.Select(move => move!), end);
            while (moves.Any(move => move is not null))
            {
                var index = Array.IndexOf(moves, await Task.WhenAny(moves.OfType<Task<bool>>()));
                if (!await moves[index]!) // it was among those that are not null
                {
                    moves[index] = null;
                    continue;
                }

                yield return readers[index].Current;
                moves[index] = readers[index].MoveNextAsync().AsTask();
            }
        }
        finally
        {
            await end.CancelAsync();
            foreach (var (move, reader) in moves.Zip(readers))
            {
                if (move is not null)
                    await ((Task)move).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // a reader cannot be disposed of while it moves
                await reader.DisposeAsync();
            }
        }
    }

    private static async Task<AnswerPart> WholeAsync(IChatClient chat, Question question, int index, CancellationToken cancellationToken)
    {
        var answer = await chat.GetResponseAsync(question.Messages, question.Options, cancellationToken);
        var stop = Stop(question);
        return new AnswerPart(index, stop.Add(answer.Text) + stop.End(), Reason(stop, answer.FinishReason), answer.Usage);
    }

    private static async IAsyncEnumerable<AnswerPart> PartsAsync(IChatClient chat, Question question, int index, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var stop = Stop(question);
        await foreach (var update in chat.GetStreamingResponseAsync(question.Messages, question.Options, cancellationToken))
        {
            var text = stop.Add(update.Text);
            if (update.FinishReason is { } reason)
                yield return new AnswerPart(index, text + stop.End(), Reason(stop, reason), update.Contents.OfType<UsageContent>().FirstOrDefault()?.Details);
            else if (text.Length > 0)
                yield return new AnswerPart(index, text, null, null);
        }
    }

    private static async Task<T[]> Together<T>(IEnumerable<Task<T>> tasks, CancellationTokenSource end)
    {
        Task<T>[] all = [.. tasks];
        foreach (var task in all)
            _ = task.ContinueWith(_ => end.Cancel(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            return await Task.WhenAll(all);
        }
        catch (OperationCanceledException) when (all.FirstOrDefault(task => task.IsFaulted) is { } cause)
        {
            return [await cause]; // throws what has ended the others
        }
    }

    private static StopText Stop(Question question) => new([.. question.Options.StopSequences ?? []]);

    private static string Reason(StopText stop, ChatFinishReason? reason) => stop.IsFound || reason == ChatFinishReason.Stop ? "stop" : "length";
}
