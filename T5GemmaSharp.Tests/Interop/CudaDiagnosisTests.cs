using NUnit.Framework;
using T5GemmaSharp.Interop;

namespace T5GemmaSharp.Tests.Interop;

[Platform(Exclude = "MacOsX")]
public sealed class CudaDiagnosisTests
{
    private static readonly CudaDiagnosis Healthy = new()
    {
        HasCudaLibrary = true,
        LibtorchFolder = "/libtorch",
        HasDriver = true,
        DeviceCount = 1,
        DriverVersion = 13000,
        RuntimeVersion = 12080,
    };

    private static IEnumerable<TestCaseData> Faults()
    {
        yield return new TestCaseData(Healthy with { HasCudaLibrary = false }, "'/libtorch' is a CPU build").SetArgDisplayNames("CPU build");
        yield return new TestCaseData(Healthy with { HasDriver = false }, "was not found. Install the driver").SetArgDisplayNames("no driver");
        yield return new TestCaseData(Healthy with { InitResult = 100 }, "shows no device").SetArgDisplayNames("no device");
        yield return new TestCaseData(Healthy with { DeviceCount = 0 }, "shows no device").SetArgDisplayNames("no visible device");
        yield return new TestCaseData(Healthy with { InitResult = 803 }, "different versions").SetArgDisplayNames("driver mismatch");
        yield return new TestCaseData(Healthy with { InitResult = 999 }, "cuInit returned 999").SetArgDisplayNames("driver error");
        yield return new TestCaseData(Healthy with { DriverVersion = 11080 }, "supports CUDA 11.8, libtorch needs 12.8").SetArgDisplayNames("old driver");
        yield return new TestCaseData(Healthy, "shows 1 device(s)").SetArgDisplayNames("unknown");
    }

    [TestCaseSource(nameof(Faults))]
    public void Explain_Fault_NamesTheMissingPart(object diagnosis, string expected)
        => Assert.That(((CudaDiagnosis)diagnosis).Explain(), Does.StartWith("CUDA is not available").And.Contains(expected));
}
