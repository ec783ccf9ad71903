using System.Text.RegularExpressions;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Conventions;

public sealed partial class SourceConventionsTests
{
    private static readonly string[] Projects = ["T5GemmaSharp", "T5GemmaSharp.Training", "T5GemmaSharp.Tests"];

    [TestCaseSource(nameof(Projects))]
    public void Namespace_EveryFile_EqualsItsFolder(string project)
    {
        var files = SourceTree.Files(project);
        Assert.That(files, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            foreach (var file in files)
            {
                var text = SourceTree.Read(file);
                var expected = Path.GetDirectoryName(file)!.Replace('\\', '.').Replace('/', '.'); // every file lies in a project's folder
                if (TypeDeclaration().IsMatch(text))
                    Assert.That(NamespaceDeclaration().Match(text).Groups[1].Value, Is.EqualTo(expected), file);
            }
        }
    }

    [TestCaseSource(nameof(Projects))]
    public void PublicTypes_EveryFile_HasOneAtMost(string project)
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var file in SourceTree.Files(project))
                Assert.That(TypeDeclaration().Matches(SourceTree.Read(file)).Count(match => match.Groups["access"].Value == "public"), Is.LessThanOrEqualTo(1), file);
        }
    }

    [Test]
    public void FileName_EveryFileOfTheLibrary_IsThatOfItsType()
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var file in SourceTree.Files("T5GemmaSharp"))
            {
                var types = TypeDeclaration().Matches(SourceTree.Read(file)).Select(match => match.Groups["name"].Value);
                Assert.That(types, Is.EqualTo(new[] { Path.GetFileName(file).Split('.', '{')[0] }), file); // Type.cs, Type{T}.cs for a generic one, or Type.Part.cs for a part of one
            }
        }
    }

    [Test]
    public void Library_NoFile_Prints()
    {
        var printing = SourceTree.Files("T5GemmaSharp").Where(file => SourceTree.Read(file).Contains("Console.", StringComparison.Ordinal));
        Assert.That(printing, Is.Empty, "a library returns a value or raises an exception");
    }

    [Test]
    public void TypeDeclaration_OfEveryForm_IsRecognized()
    {
        const string Text = "namespace A.B;\npublic sealed class C;\ninternal readonly record struct D(int X);\npublic static partial class E\n{\n    public class Inner;\n}\nenum F { }\npublic delegate Task<int> G(int x);\n";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TypeDeclaration().Matches(Text).Select(match => match.Groups["name"].Value), Is.EqualTo(new[] { "C", "D", "E", "F", "G" }));
            Assert.That(NamespaceDeclaration().Match(Text).Groups[1].Value, Is.EqualTo("A.B"));
        }
    }

    /// <summary>A type at the start of a line: with file-scoped namespaces, no nested one stands there.</summary>
    [GeneratedRegex(@"^(?:(?<access>public|internal|file) )?(?:(?:sealed|abstract|static|readonly|unsafe|partial|ref) )*(?:class|struct|interface|enum|record(?: struct| class)?|delegate [\w<>?\[\], .]+?) (?<name>\w+)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex NamespaceDeclaration();
}
