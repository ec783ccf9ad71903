using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Conventions;

public sealed partial class ReadmeCodeTests
{
    // What a new console project has (ImplicitUsings).
    private const string ImplicitUsings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    [Test]
    public void CSharpBlocks_OneAfterTheOther_AreAProgramThatCompiles()
    {
        var code = Program(SourceTree.Read("README.md"));
        Assert.That(code, Does.Contain("Generate("));
        Assert.That(Faults(code), Is.Empty);
    }

    [Test]
    public void Faults_MistakeOrWarning_IsReported()
    {
        Assert.That(Faults(Program("```csharp\nusing T5GemmaSharp;\nvar config = new T5GemmaConfig();\n```\n```csharp\nConsole.WriteLine(config.Width);\n```")), Has.Some.Contains("'Width'"));
        Assert.That(Faults("int unused;"), Has.Some.Contains("'unused'"));
    }

    // A later block goes on with what an earlier one has declared; its usings move to the front.
    private static string Program(string markdown)
    {
        var lines = Block().Matches(markdown.ReplaceLineEndings("\n")).SelectMany(match => match.Groups[1].Value.Split('\n')).ToLookup(line => Using().IsMatch(line));
        return string.Join('\n', lines[true].Concat(lines[false]));
    }

    private static List<string> Faults(string code)
    {
        var trees = new[] { ImplicitUsings, code }.Select(text => CSharpSyntaxTree.ParseText(text));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path)); // the runtime sets it
        var compilation = CSharpCompilation.Create("Readme", trees, references, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        return [.. compilation.GetDiagnostics().Where(fault => fault.Severity >= DiagnosticSeverity.Warning).Select(fault => fault.ToString())];
    }

    [GeneratedRegex(@"^```csharp\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Block();

    [GeneratedRegex(@"^using (?:static )?[\w.]+;$", RegexOptions.CultureInvariant)]
    private static partial Regex Using();
}
