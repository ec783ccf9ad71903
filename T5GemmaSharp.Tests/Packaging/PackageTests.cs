using System.Reflection.Metadata;
using System.Xml.Linq;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Packaging;

public sealed class PackageTests
{
    // Of the format of portable symbols.
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    private PackedLibrary _packed = null!;

    [OneTimeSetUp]
    public void Pack() => _packed = new PackedLibrary();

    [OneTimeTearDown]
    public void Delete() => _packed?.Dispose(); // null where packing was skipped

    [Test]
    public void Package_Files_AreAllThere()
    {
        using var package = _packed.Open("nupkg");
        string[] parts = ["package/", "_rels/", "[Content_Types].xml", "T5GemmaSharp.nuspec"];
        var files = package.Entries.Select(entry => entry.FullName).Where(name => !parts.Any(part => name.StartsWith(part, StringComparison.Ordinal)));
        Assert.That(files, Is.EquivalentTo(new[]
        {
            "README.md", "icon.png", "lib/net10.0/T5GemmaSharp.dll", "lib/net10.0/T5GemmaSharp.xml",
            "buildTransitive/T5GemmaSharp.targets", "buildTransitive/TorchNativeInitializer.cs",
        }));
        Assert.That(package.GetEntry("icon.png")!.Length, Is.LessThan(20_000)); // listed above
    }

    [Test]
    public void Manifest_Metadata_IsComplete()
    {
        var manifest = _packed.ReadManifest().Where(element => !element.HasElements).ToLookup(element => element.Name.LocalName, element => element.Value);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(manifest["id"], Is.EqualTo(new[] { "T5GemmaSharp" }));
            Assert.That(manifest["version"].Single(), Does.StartWith(Property("Directory.Build.props", "VersionPrefix")));
            Assert.That(manifest["authors"], Is.EqualTo(new[] { "T5GemmaSharp contributors" }));
            Assert.That(manifest["license"], Is.EqualTo(new[] { "Apache-2.0" }));
            Assert.That(manifest["readme"], Is.EqualTo(new[] { "README.md" }));
            Assert.That(manifest["icon"], Is.EqualTo(new[] { "icon.png" }));
            Assert.That(manifest["description"].Single(), Is.Not.Empty);
        }
    }

    [Test]
    public void Manifest_Dependencies_AreThoseOfTheRepository_WithoutLibtorch()
    {
        var versions = CentralVersions();
        var dependencies = _packed.ReadManifest().Where(element => element.Name.LocalName == "dependency")
            .ToDictionary(element => element.Attribute("id")!.Value, element => element.Attribute("version")!.Value); // both are required
        Assert.That(dependencies.Keys, Is.SupersetOf(new[] { "TorchSharp", "Microsoft.ML.Tokenizers" }));
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, version) in dependencies)
                Assert.That(version, Is.EqualTo(versions[name]), name);
            Assert.That(dependencies.Keys, Has.None.StartsWith("libtorch").And.None.Contains("cuda"), "the program chooses");
        }
    }

    [Test]
    public void Targets_VersionsThatMessagesName_AreThoseOfTheRepository()
    {
        var versions = CentralVersions();
        var targets = _packed.Read("buildTransitive/T5GemmaSharp.targets");
        var readme = _packed.Read("README.md");
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, version) in versions.Where(pair => pair.Key.StartsWith("libtorch-", StringComparison.Ordinal) || pair.Key.StartsWith("TorchSharp-cuda", StringComparison.Ordinal)))
            {
                var property = name.StartsWith("libtorch-", StringComparison.Ordinal) ? "T5GemmaSharpCpuVersion" : "T5GemmaSharpCudaVersion";
                Assert.That(targets, Does.Contain($"<{property}>{version}</{property}>"), name);
                Assert.That(readme, Does.Contain($"| `{name}` | {version} |"));
            }
        }
    }

    [Test]
    public void Symbols_EverySource_IsEmbeddedWithoutThePathOfTheMachine()
    {
        using var package = _packed.Open("snupkg");
        using var stream = new MemoryStream();
        using (var entry = package.GetEntry("lib/net10.0/T5GemmaSharp.pdb")?.Open())
        {
            Assert.That(entry, Is.Not.Null);
            entry.CopyTo(stream);
        }

        stream.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(stream);
        var reader = provider.GetMetadataReader();
        var documents = reader.Documents.Select(handle => (
            Name: reader.GetString(reader.GetDocument(handle).Name),
            Kinds: reader.GetCustomDebugInformation(handle).Select(item => reader.GetGuid(reader.GetCustomDebugInformation(item).Kind)).ToArray())).ToArray();
        Assert.That(documents.Select(document => Path.GetFileName(document.Name)), Has.Some.EqualTo("T5GemmaModel.cs"));
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, kinds) in documents)
            {
                Assert.That(kinds, Does.Contain(EmbeddedSource), name);
                if (SourceTree.Configuration == "Release")
                    Assert.That(name, Does.Not.Contain(SourceTree.Root()));
            }
        }
    }

    private static Dictionary<string, string> CentralVersions() => XDocument.Parse(SourceTree.Read("Directory.Packages.props")).Descendants("PackageVersion")
        .ToDictionary(element => element.Attribute("Include")!.Value, element => element.Attribute("Version")!.Value); // both are required

    private static string Property(string file, string name) => XDocument.Parse(SourceTree.Read(file)).Descendants(name).Single().Value;
}
