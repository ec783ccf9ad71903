namespace T5GemmaSharp.Training.Distributed;

/// <summary>An operation that had nothing to do.</summary>
internal sealed class CompletedHandle : ICollectiveHandle
{
    public static readonly CompletedHandle Instance = new();

    private CompletedHandle()
    {
    }

    public void Wait()
    {
    }
}
