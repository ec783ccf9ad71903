using NUnit.Framework;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Conventions;

public sealed class ApiReferenceTests
{
    private const string Script = "scripts/api-reference.cs";
    private const string Pages = "T5GemmaSharp/docs/api";

    [Test]
    public void Pages_OfTheRepository_AreThoseOfTheCode()
    {
        var written = Directory.CreateTempSubdirectory("t5gemma-api-");
        try
        {
            Assert.That(CodeCompiler.Run(CodeCompiler.ReadScript(Path.Combine(SourceTree.Root(), Script)), written.FullName), Is.Zero);
            var actual = Read(Path.Combine(SourceTree.Root(), Pages));
            var expected = Read(written.FullName);
            var differences = actual.Keys.Union(expected.Keys).Where(name => actual.GetValueOrDefault(name) != expected.GetValueOrDefault(name));
            Assert.That(differences, Is.Empty, $"run: dotnet run -c Release {Script} -- {Pages}");
        }
        finally
        {
            written.Delete(recursive: true);
        }
    }

    [Test]
    public void Pages_Types_HaveAHeadingEach()
    {
        var types = typeof(T5GemmaConfig).Assembly.GetExportedTypes();
        using (Assert.EnterMultipleScope())
        {
            foreach (var type in types)
                Assert.That(new MarkdownFile($"{Pages}/{type.Namespace}.md").Text, Does.Contain($"\n## {type.Name.Split('`')[0]}\n"));
        }
    }

    private static Dictionary<string, string> Read(string folder) =>
        Directory.GetFiles(folder, "*.md").ToDictionary(path => Path.GetFileName(path), path => File.ReadAllText(path).ReplaceLineEndings("\n"));
}
