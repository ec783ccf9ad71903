namespace T5GemmaSharp.Hosting.Batching;

/// <summary>An answer that is read when it is there: nobody is woken for its tokens.</summary>
internal sealed class WholeOutput : IGenerationOutput
{
    private readonly List<OutputToken> _tokens = []; // of the model thread until the result is set

    // Continuations of callers must not run on the model thread.
    private readonly TaskCompletionSource<IReadOnlyList<OutputToken>> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<IReadOnlyList<OutputToken>> Result => _result.Task;

    public void Write(in OutputToken token) => _tokens.Add(token);

    public void Complete(Exception? error)
    {
        if (error is null)
            _result.TrySetResult(_tokens);
        else if (error is OperationCanceledException cancelled)
            _result.TrySetCanceled(cancelled.CancellationToken);
        else
            _result.TrySetException(error);
    }
}
