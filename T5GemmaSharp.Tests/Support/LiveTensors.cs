using NUnit.Framework;
using TorchSharp;

namespace T5GemmaSharp.Tests.Support;

internal static class LiveTensors
{
    /// <summary>Calls that a leak is counted over.</summary>
    public const int Repetitions = 4;

    /// <summary>
    /// Tensors made on this thread and not disposed. Unlike torch's total count it does not fall when the garbage collector finds what an earlier test left.
    /// </summary>
    public static long Count => DisposeScopeManager.Statistics.ThreadTotalLiveCount;

    /// <summary>Asserts that calls leave no tensor behind.</summary>
    public static void AssertNothingLeft(Action action) => Assert.That(Leaked(action), Is.Zero, $"tensors left behind by {Repetitions} calls");

    /// <summary>Tensors that calls leave behind.</summary>
    public static long Leaked(Action action)
    {
        action(); // what is made once, and stays, is no leak
        var before = Count;
        for (var repetition = 0; repetition < Repetitions; repetition++)
            action();
        return Count - before;
    }
}
