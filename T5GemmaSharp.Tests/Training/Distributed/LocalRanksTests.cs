using NUnit.Framework;
using T5GemmaSharp.Training.Distributed.Checking;

namespace T5GemmaSharp.Tests.Training.Distributed;

public sealed class LocalRanksTests
{
    [Test]
    public void Operations_OfThreads_AreRightInEverySizeAndDType()
        => Assert.That(LocalRanks.Run(2, ranks => CollectivesCheck.Faults(ranks)).SelectMany(faults => faults), Is.Empty);
}
