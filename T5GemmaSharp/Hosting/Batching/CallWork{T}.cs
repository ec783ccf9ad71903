namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A function with a result of plain values.</summary>
internal sealed class CallWork<T>(Func<HostedModel, T> function, int inputTokens, TimeSpan timeout, CancellationToken caller) : CallWork(timeout, caller)
{
    // Continuations of callers must not run on the model thread.
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private T? _value;

    public Task<T> Result => _result.Task;

    public override int InputTokens => inputTokens;

    public override void Run(HostedModel model) => _value = function(model);

    public override void Complete() => _result.TrySetResult(_value!); // it has run

    public override void Fail(Exception error)
    {
        if (error is OperationCanceledException cancelled)
            _result.TrySetCanceled(cancelled.CancellationToken);
        else
            _result.TrySetException(error);
    }
}
