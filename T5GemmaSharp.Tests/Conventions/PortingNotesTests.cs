using System.Text.RegularExpressions;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Conventions;

public sealed partial class PortingNotesTests
{
    private const string Folder = "T5GemmaSharp";

    [Test]
    public void Classes_EveryPublicModule_IsListedWithItsFile()
    {
        var lines = Notes().Split('\n');
        var modules = typeof(T5GemmaConfig).Assembly.GetExportedTypes().Where(type => type.IsSubclassOf(typeof(nn.Module))).Select(type => type.Name.Split('`')[0]).ToArray();
        Assert.That(modules, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            foreach (var module in modules)
                Assert.That(lines, Has.Some.Contains($"`{module}`").And.Some.Contains($"{module}.cs"), module);
        }
    }

    [Test]
    public void Links_All_Exist()
    {
        var targets = Link().Matches(Notes()).Select(match => match.Groups[1].Value).Where(target => !target.Contains("://", StringComparison.Ordinal)).ToArray();
        Assert.That(targets, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            foreach (var target in targets)
            {
                var path = Path.Combine(SourceTree.Root(), Folder, target.Split('#')[0]);
                Assert.That(File.Exists(path) || Directory.Exists(path), Is.True, target);
            }
        }
    }

    private static string Notes()
    {
        if (!File.Exists(Path.Combine(SourceTree.Root(), Folder, "PORTING.md")))
            Assert.Ignore("PORTING.md is not here");
        return SourceTree.Read($"{Folder}/PORTING.md");
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Link();
}
