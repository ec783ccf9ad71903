using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Conventions;

public sealed class PortingNotesTests
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

    private static string Notes()
    {
        if (!File.Exists(Path.Combine(SourceTree.Root(), Folder, "PORTING.md")))
            Assert.Ignore("PORTING.md is not here");
        return SourceTree.Read($"{Folder}/PORTING.md");
    }
}
