using System.IO.Compression;
using System.Xml.Linq;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Packaging;

/// <summary>The package of the library that these tests were built with, in a temporary folder. Skips the test outside of a checkout.</summary>
internal sealed class PackedLibrary : IDisposable
{
    private readonly DirectoryInfo _folder;

    public PackedLibrary()
    {
        DotnetCommand.RequireSdk();
        var project = Path.Combine(SourceTree.Root(), "T5GemmaSharp");
        if (!Directory.Exists(Path.Combine(project, "bin", SourceTree.Configuration)))
            Assert.Ignore($"the library is not built in '{SourceTree.Configuration}' here");
        _folder = Directory.CreateTempSubdirectory("t5gemma-package-");
        var (exitCode, output) = DotnetCommand.Run(project, ["pack", "--no-build", "--nologo", "-c", SourceTree.Configuration, "-o", Folder], new Dictionary<string, string?>());
        Assert.That(exitCode, Is.Zero, output);
    }

    /// <summary>The folder with the package and its symbols, which a restore can take as a source.</summary>
    public string Folder => _folder.FullName;

    /// <summary>Opens the package, or with <c>snupkg</c> that of the symbols.</summary>
    public ZipArchive Open(string extension) => ZipFile.OpenRead(Directory.GetFiles(Folder, $"*.{extension}").Single());

    /// <summary>The text of a file in the package.</summary>
    public string Read(string entry)
    {
        using var package = Open("nupkg");
        using var reader = new StreamReader(package.GetEntry(entry)?.Open() ?? throw new AssertionException($"the package has no {entry}"));
        return reader.ReadToEnd();
    }

    /// <summary>What the package says about itself; <c>Descendant</c> ignores the namespace.</summary>
    public IReadOnlyList<XElement> ReadManifest() => [.. XDocument.Parse(Read("T5GemmaSharp.nuspec")).Descendants()];

    public void Dispose() => _folder.Delete(recursive: true);
}
