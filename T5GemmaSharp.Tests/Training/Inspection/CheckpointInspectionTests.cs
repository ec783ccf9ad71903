using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Training.Inspection;

namespace T5GemmaSharp.Tests.Training.Inspection;

public sealed class CheckpointInspectionTests
{
    private string _folder = "";

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("inspection-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Of_WrittenModel_CountsItsParametersAndTensors()
    {
        using var model = TinyTask.CreateModel();
        model.SavePretrained(_folder);
        var expected = model.parameters().Sum(parameter => parameter.numel());

        var inspection = CheckpointInspection.Of(_folder);

        Assert.Multiple(() =>
        {
            Assert.That(inspection.ParameterCount, Is.EqualTo(expected));
            Assert.That(inspection.Tensors.Select(tensor => tensor.Name), Is.EquivalentTo(model.named_parameters().Select(pair => pair.name)));
            Assert.That(inspection.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, size) => product * size)), Is.EqualTo(expected));
            Assert.That(inspection.Memory.Float32Training, Is.EqualTo(16 * expected));
            // One decoder layer, two heads of 16: keys and values of two bytes.
            Assert.That(inspection.Memory.BFloat16CachePerTargetToken, Is.EqualTo(1 * 2 * 16 * 2 * 2));
            Assert.That(inspection.Report.MissingKeys, Is.Empty);
            Assert.That(inspection.ToText(), Does.Contain("model.decoder.embed_tokens.weight").And.Contain("parameters"));
        });
    }

    [Test]
    public void Of_MoreLayersInTheConfiguration_ReportsTheMissingKeys()
    {
        using var model = TinyTask.CreateModel();
        model.SavePretrained(_folder);
        var path = Path.Combine(_folder, "config.json");
        var config = T5GemmaConfig.FromJson(File.ReadAllText(path));
        var deeper = config.Encoder with { NumHiddenLayers = 2, LayerTypes = null };
        File.WriteAllText(path, (config with { Encoder = deeper }).ToJson());

        using var json = JsonDocument.Parse(CheckpointInspection.Of(_folder).ToJson());

        var missing = json.RootElement.GetProperty("keys").GetProperty("missing").EnumerateArray().Select(key => key.GetString()).ToList();
        Assert.That(missing, Has.Count.EqualTo(11).And.All.StartsWith("model.encoder.layers.1."));
    }

    [Test]
    public void Of_UnknownArchitecture_NamesIt()
    {
        using var model = TinyTask.CreateModel();
        model.SavePretrained(_folder);
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("T5GemmaForConditionalGeneration", "BertModel", StringComparison.Ordinal));
        Assert.That(() => CheckpointInspection.Of(_folder), Throws.TypeOf<NotSupportedException>().With.Message.Contains("BertModel"));
    }
}
