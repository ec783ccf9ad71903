namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A function of the model that runs alone between steps.</summary>
internal abstract class CallWork(TimeSpan timeout, CancellationToken caller) : EngineRequest(timeout, caller)
{
    /// <summary>Runs it; called on the model thread inside a dispose scope. It may throw.</summary>
    public abstract void Run(HostedModel model);
}
