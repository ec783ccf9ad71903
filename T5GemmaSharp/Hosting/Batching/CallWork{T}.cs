namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A function with a result of plain values.</summary>
internal sealed class CallWork<T>(Func<HostedModel, T> function, TimeSpan timeout, CancellationToken caller) : CallWork(timeout, caller)
{
    // Continuations of callers must not run on the model thread.
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Result => _result.Task;

    public override void Run(HostedModel model) => _result.TrySetResult(function(model));

    public override void Fail(Exception error)
    {
        if (error is OperationCanceledException cancelled)
            _result.TrySetCanceled(cancelled.CancellationToken);
        else
            _result.TrySetException(error);
    }
}
