using NUnit.Framework;
using TorchSharp;

namespace T5GemmaSharp.Tests;

/// <summary>The models of the tests are so small that a second thread costs more than it does; on a busy machine it made them five times slower.</summary>
[SetUpFixture]
public sealed class SingleThread
{
    [OneTimeSetUp]
    public void UseOneThread() => torch.set_num_threads(1);
}
