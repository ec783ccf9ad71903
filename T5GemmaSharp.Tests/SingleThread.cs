using NUnit.Framework;
using T5GemmaSharp.Interop;
using TorchSharp;

namespace T5GemmaSharp.Tests;

/// <summary>The models of the tests are so small that a second thread costs more than it does; on a busy machine it made them five times slower.</summary>
[SetUpFixture]
public sealed class SingleThread
{
    [OneTimeSetUp]
    public void UseOneThread()
    {
        try
        {
            TorchNative.EnsureLoaded();
        }
        catch (TorchNativeException)
        {
            return; // the tests of this very fault run in a child process without a libtorch
        }
        torch.set_num_threads(1);
    }
}
