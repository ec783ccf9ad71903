using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Logging;

namespace T5GemmaSharp.Tests.Training.Logging;

[NonParallelizable] // it takes the console
public sealed class TrainingConsoleTests
{
    [TestCase(true)]
    [TestCase(false)]
    public void OnReport_MemoryOfADevice_IsInTheLineWhereThereIsOne(bool hasDevice)
    {
        var output = new StringWriter();
        var console = Console.Out;
        Console.SetOut(output);
        try
        {
            TrainingConsole.Run(steps: 10, observer =>
            {
                observer.OnReport(new StepReport(5, 0.5, 2.5, 1, 1e-3, 100, 0.25) { Memory = MemoryUse.Now(hasDevice ? new DeviceMemory(Free: 1L << 30, Total: 4L << 30) : null) });
                return new TrainingResult(new RunState(), TrainingEnding.Finished);
            });
        }
        finally
        {
            Console.SetOut(console);
        }

        Assert.That(output.ToString().TrimEnd(), Does.StartWith("step 5/10").And.EndWith(hasDevice ? "100 tokens/s  device 3 GiB of 4 GiB" : "100 tokens/s"));
    }
}
