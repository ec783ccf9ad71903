using System.Text.RegularExpressions;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Conventions;

/// <summary>The C# code of all documents compiles without warnings.</summary>
public sealed partial class DocumentedCodeTests
{
    private const string Language = "csharp";

    private static readonly string[] Migration = ["transformers", "T5GemmaSharp"];

    private static readonly string[] OtherNames = ["cs", "c#", "C#", "CSharp"];

    [Test]
    public void CSharpBlocks_OfEveryDocument_OneAfterTheOtherAreAProgramThatCompiles()
    {
        var documents = MarkdownFile.All().Where(document => document.Blocks.Any(block => block.Language == Language)).ToArray();
        Assert.That(documents.Select(document => document.Path), Is.SupersetOf(new[] { "README.md", "T5GemmaSharp/docs/package.md", "T5GemmaSharp/docs/migration.md" }));
        using (Assert.EnterMultipleScope())
        {
            foreach (var document in documents.Where(document => CodeCompiler.KnowsAspNet || !document.Text.Contains("using Microsoft.AspNetCore.", StringComparison.Ordinal)))
                Assert.That(CodeCompiler.Faults(Program(Blocks(document))), Is.Empty, document.Path);
        }
    }

    [Test]
    public void CSharpBlocks_OfEveryDocument_BearTheNameThatIsLookedFor()
    {
        var names = MarkdownFile.All().SelectMany(document => document.Blocks.Select(block => block.Language));
        Assert.That(names, Has.None.AnyOf(OtherNames));
    }

    [Test]
    public void MigrationTable_EveryRow_Compiles()
    {
        var document = new MarkdownFile("T5GemmaSharp/docs/migration.md");
        var rows = document.TableRows(Migration).Where(row => !row[0].StartsWith("---", StringComparison.Ordinal)).ToArray();
        Assert.That(rows, Has.Length.GreaterThan(70));
        var codes = rows.Select(row => MarkdownFile.CodeSpans(row[1]).ToArray()).ToArray();
        using (Assert.EnterMultipleScope())
        {
            foreach (var (row, code) in rows.Zip(codes))
                Assert.That(code, Has.Length.EqualTo(1), row[0]);
        }

        // Each row is a block of its own. A name that nothing reads is what a row is there for.
        var program = Program(Blocks(document)) + "\n#pragma warning disable CS0219\n" + string.Join('\n', codes.Select(code => $"{{ {code[0]}; }}"));
        Assert.That(CodeCompiler.Faults(program), Is.Empty);
    }

    [Test]
    public void Scripts_All_Compile()
    {
        var scripts = Directory.GetFiles(Path.Combine(SourceTree.Root(), "scripts"), "*.cs", SearchOption.AllDirectories);
        scripts = [.. scripts.Except(scripts.SelectMany(CodeCompiler.Included))]; // those are compiled with the script that includes them
        Assert.That(scripts.Select(Path.GetFileName), Is.SupersetOf(new[] { "finetune.cs", "generate.cs", "parity.cs", "serve.cs" }));
        using (Assert.EnterMultipleScope())
        {
            foreach (var script in scripts.Where(script => CodeCompiler.KnowsAspNet || !File.ReadAllText(script).Contains("#:sdk Microsoft.NET.Sdk.Web", StringComparison.Ordinal)))
                Assert.That(CodeCompiler.Faults(CodeCompiler.ReadScript(script)), Is.Empty, script);
        }
    }

    [Test]
    public void Faults_MistakeOrWarning_IsReported()
    {
        Assert.That(CodeCompiler.Faults(Program(["using T5GemmaSharp;\nvar config = new T5GemmaConfig();\n", "Console.WriteLine(config.Width);\n"])), Has.Some.Contains("'Width'"));
        Assert.That(CodeCompiler.Faults("int unused;"), Has.Some.Contains("'unused'"));
    }

    private static IEnumerable<string> Blocks(MarkdownFile document) => document.Blocks.Where(block => block.Language == Language).Select(block => block.Content);

    // A later block goes on with what an earlier one has declared; its usings move to the front.
    private static string Program(IEnumerable<string> blocks)
    {
        var lines = blocks.SelectMany(block => block.Split('\n')).ToLookup(line => Using().IsMatch(line));
        return string.Join('\n', lines[true].Concat(lines[false]));
    }

    [GeneratedRegex(@"^using (?:static )?[\w.]+;$", RegexOptions.CultureInvariant)]
    private static partial Regex Using();
}
