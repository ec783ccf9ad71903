using NUnit.Framework;

namespace T5GemmaSharp.Tests.Training.Finetuning;

/// <summary>Tests of verbs on one small model, with a run that is removed after each.</summary>
public abstract class FinetuningFixture
{
    private protected FinetuningModel Files { get; } = new();

    [OneTimeTearDown]
    public void DisposeFiles() => Files.Dispose();

    [TearDown]
    public void RemoveRun()
    {
        if (Directory.Exists(Files.Run))
            Directory.Delete(Files.Run, recursive: true);
    }
}
