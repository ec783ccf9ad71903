using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Streaming;

/// <summary>A function of the caller, run whole on the model thread.</summary>
internal sealed class ModelCall<T>(Func<T5GemmaForConditionalGeneration, T> function, T5GemmaForConditionalGeneration model, CancellationToken cancellation) : IModelWork
{
    // Continuations of callers must not run on the model thread.
    private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Result => _result.Task;

    public bool IsReady => true;

    public bool Advance()
    {
        try
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            _result.TrySetResult(function(model));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _result.TrySetCanceled(cancellation);
        }
        catch (Exception error)
        {
            _result.TrySetException(error);
        }

        return true;
    }

    public void Stop(Exception reason) => _result.TrySetException(reason);
}
