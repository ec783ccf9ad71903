using System.Diagnostics;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Benchmarking;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

/// <summary>Names and shapes of the published sizes, against the manifests that transformers' models gave.</summary>
public sealed class ManifestTests
{
    private const long MaxGrowthInBytes = 256L << 20;

    private static IEnumerable<string> Sizes => PublishedSize.ParameterCounts.Keys;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Fixtures", "Manifests");

    [TestCaseSource(nameof(Sizes))]
    public void Parameters_PublishedSize_EqualManifest(string size)
    {
        var peakBefore = PeakInBytes();
        using var model = T5GemmaForConditionalGeneration.FromConfig(PublishedShapes.Config(size), new PretrainedOptions { Device = new Device(DeviceType.META), DType = ScalarType.BFloat16 });
        var growth = PeakInBytes() - peakBefore;

        var manifest = File.ReadAllLines(Path.Combine(Folder, size + ".txt"));
        var actual = model.named_parameters().Select(pair => $"{pair.name}\t[{string.Join(", ", pair.parameter.shape)}]").Order(StringComparer.Ordinal);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(actual, Is.EqualTo(manifest.Where(line => !line.StartsWith('#'))));
            Assert.That(model.parameters().Sum(parameter => parameter.numel()), Is.EqualTo(PublishedSize.ParameterCounts[size]));
            Assert.That(manifest[0], Does.EndWith($" {PublishedSize.ParameterCounts[size]} parameters"));
            Assert.That(model.parameters().Select(parameter => parameter.device_type), Is.All.EqualTo(DeviceType.META));
            Assert.That(growth, Is.LessThan(MaxGrowthInBytes), "building on the meta device must not allocate weights");
        }
    }

    [Test]
    public void Manifests_All_ArePublishedSizes() =>
        Assert.That(Directory.GetFiles(Folder, "*.txt").Select(Path.GetFileNameWithoutExtension), Is.EquivalentTo(Sizes));

    [TestCase("s-s", 152_060_416)]
    [TestCase("ml-ml", 1_038_801_024)]
    [TestCase("9b-2b", 9_241_705_984)]
    public void Parameters_EncoderAlone_HasThePublishedCount(string size, long expected)
    {
        using var model = T5GemmaEncoderModel.FromConfig(PublishedShapes.Config(size) with { IsEncoderDecoder = false }, new PretrainedOptions { Device = new Device(DeviceType.META) });
        Assert.That(model.parameters().Sum(parameter => parameter.numel()), Is.EqualTo(expected));
    }

    private static long PeakInBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
