using System.Diagnostics;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>What all requests share: they wait, and they may end early because the caller has left or the time is over. The caller hears of it at once, whatever the model thread does.</summary>
internal abstract class EngineRequest : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _end;
    private readonly TimeSpan _timeout;
    private CancellationTokenRegistration _registration;

    /// <summary>Begins the time.</summary>
    /// <param name="timeout">Time until the end; infinite: none.</param>
    /// <param name="caller">The caller's token.</param>
    protected EngineRequest(TimeSpan timeout, CancellationToken caller)
    {
        (_timeout, _caller) = (timeout, caller);
        _end = CancellationTokenSource.CreateLinkedTokenSource(caller);
        _end.CancelAfter(timeout);
    }

    /// <summary>Whether it has ended early.</summary>
    public bool HasLeft => _end.IsCancellationRequested;

    /// <summary>What is asked for, in the words of the GenAI conventions.</summary>
    public required string Operation { get; init; }

    /// <summary>Tokens that the model reads.</summary>
    public abstract int InputTokens { get; }

    /// <summary>The request's part in a trace; null: nobody listens.</summary>
    public Activity? Activity { get; set; }

    /// <summary>When it arrived, a timestamp of <see cref="Stopwatch"/>.</summary>
    public long Arrival { get; } = Stopwatch.GetTimestamp();

    /// <summary>Whether it counts as waiting. Of the model thread.</summary>
    public bool IsWaiting { get; set; } = true;

    /// <summary>Says what happens when it ends early: the caller is told, and the model thread woken.</summary>
    public void WhenLeft(Action wake) => _registration = _end.Token.Register(() =>
    {
        Fail(LeavingError());
        wake();
    });

    /// <summary>Why it has ended early: the caller has cancelled it, or the time is over.</summary>
    public Exception LeavingError() => _caller.IsCancellationRequested
        ? new OperationCanceledException(_caller)
        : new TimeoutException($"the request has taken longer than {_timeout.TotalSeconds:0.###} s; raise RequestTimeout or ask for fewer tokens");

    /// <summary>Tells the caller that the answer is whole; only the first ending counts.</summary>
    public abstract void Complete();

    /// <summary>Tells the caller why there is no answer; only the first ending counts.</summary>
    public abstract void Fail(Exception error);

    public void Dispose()
    {
        _registration.Dispose();
        _end.Dispose();
    }
}
