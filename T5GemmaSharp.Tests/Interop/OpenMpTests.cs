using NUnit.Framework;
using T5GemmaSharp.Interop;
using TorchSharp;

namespace T5GemmaSharp.Tests.Interop;

public sealed class OpenMpTests
{
    private const int Threads = 3;

    [SetUp]
    public void UseThreads()
    {
        torch.set_num_threads(Threads);
        using var restriction = OpenMp.OneThread();
        if (torch.get_num_threads() == Threads)
            Assert.Ignore("this libtorch has no OpenMP library with the functions that this takes");
    }

    [TearDown]
    public void UseOneThread() => torch.set_num_threads(1); // as the other tests expect it

    [Test]
    public void OneThread_UntilItIsDisposed_RestrictsThisThread()
    {
        using (OpenMp.OneThread())
        {
            Assert.That(torch.get_num_threads(), Is.EqualTo(1));
            using (OpenMp.OneThread())
                Assert.That(torch.get_num_threads(), Is.EqualTo(1));
            Assert.That(torch.get_num_threads(), Is.EqualTo(1), "the inner restriction ends with what the outer one set");
        }

        Assert.That(torch.get_num_threads(), Is.EqualTo(Threads));
    }

    [Test]
    public void OneThread_AfterAFailure_RestoresTheThreads()
    {
        Assert.That(Fail, Throws.InvalidOperationException);
        Assert.That(torch.get_num_threads(), Is.EqualTo(Threads));

        static void Fail()
        {
            using var restriction = OpenMp.OneThread();
            throw new InvalidOperationException();
        }
    }

    [Test]
    public void OneThread_OnThisThread_LeavesAnotherAlone()
    {
        using var isSet = new ManualResetEventSlim();
        using var isRestricted = new ManualResetEventSlim();
        var (before, during) = (0, 0);
        var other = new Thread(() =>
        {
            torch.set_num_threads(Threads);
            before = torch.get_num_threads();
            isSet.Set();
            isRestricted.Wait();
            during = torch.get_num_threads();
        });
        other.Start();
        isSet.Wait();
        using (OpenMp.OneThread())
        {
            isRestricted.Set();
            other.Join();
        }

        Assert.That((before, during), Is.EqualTo((Threads, Threads)));
    }

    [Test]
    public void Dispose_DefaultRestriction_ChangesNothing()
    {
        default(OpenMp.Restriction).Dispose();
        Assert.That(torch.get_num_threads(), Is.EqualTo(Threads));
    }
}
