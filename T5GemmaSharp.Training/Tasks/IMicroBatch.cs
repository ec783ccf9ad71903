namespace T5GemmaSharp.Training.Tasks;

/// <summary>Examples that go through the model together, prepared but not yet on its device.</summary>
public interface IMicroBatch
{
    /// <summary>Number of things the loss is a sum over: target tokens, or labelled rows.</summary>
    long Targets { get; }

    /// <summary>Tokens of both stacks without padding.</summary>
    long Tokens { get; }

    /// <summary>Tokens of both stacks with padding.</summary>
    long Cells { get; }
}
