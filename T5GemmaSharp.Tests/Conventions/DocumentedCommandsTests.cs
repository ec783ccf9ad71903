using System.Text.RegularExpressions;
using System.Xml.Linq;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Commands;

namespace T5GemmaSharp.Tests.Conventions;

/// <summary>What the documents tell to type exists: verbs and their options, scripts, files behind links.</summary>
public sealed partial class DocumentedCommandsTests
{
    // Verbs that take more or other than the words of a document: what follows a redirection or a pipe, and placeholders.
    private static readonly string[] ShellSigns = ["|", ">", "<", "&&", "#"];

    private static readonly string[] MigrationOfTraining = ["transformers", "`train`"];

    [Test]
    public void CommandLines_OfEveryDocument_AreUnderstood()
    {
        var commands = MarkdownFile.All().SelectMany(document => TrainingCommands(document).Select(command => (document.Path, command))).ToArray();
        Assert.That(commands, Has.Length.GreaterThan(20));
        using (Assert.EnterMultipleScope())
        {
            foreach (var (path, command) in commands)
                Assert.That(CommandLine.Create().Parse(Words(command)).Errors.Select(error => error.Message), Is.Empty, $"{path}: {command}");
        }
    }

    [Test]
    public void CommandLines_WithAnUnknownOption_AreNotUnderstood() =>
        Assert.That(CommandLine.Create().Parse(Words("train --model DIR --learning-rate 1 # comment")).Errors, Is.Not.Empty);

    [Test]
    public void Scripts_OfEveryDocument_Exist()
    {
        var scripts = MarkdownFile.All().SelectMany(document => Script().Matches(document.Text).Select(match => (document.Path, Script: match.Value))).Distinct().ToArray();
        Assert.That(scripts, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            foreach (var (path, script) in scripts)
                Assert.That(File.Exists(Path.Combine(SourceTree.Root(), script)), Is.True, $"{path}: {script}");
        }
    }

    [Test]
    public void Links_OfEveryDocument_LeadToAFile()
    {
        var links = MarkdownFile.All().SelectMany(document => document.LocalLinks.Select(link => (document.Path, Link: link))).ToArray();
        Assert.That(links, Has.Length.GreaterThan(50));
        using (Assert.EnterMultipleScope())
        {
            foreach (var (path, link) in links)
            {
                var target = Path.Combine(SourceTree.Root(), Path.GetDirectoryName(path)!, link.Split('#')[0]); // a document lies in a folder
                Assert.That(File.Exists(target) || Directory.Exists(target), Is.True, $"{path}: {link}");
            }
        }
    }

    [Test]
    public void MigrationTable_OptionsOfTraining_Exist()
    {
        var train = CommandLine.Create().Subcommands.Single(command => command.Name == "train").Options.Select(option => option.Name).ToHashSet();
        var rows = new MarkdownFile("T5GemmaSharp/docs/migration.md").TableRows(MigrationOfTraining);
        var options = rows.SelectMany(row => MarkdownFile.CodeSpans(row[1])).Where(span => span.StartsWith("--", StringComparison.Ordinal)).ToArray();
        Assert.That(options, Has.Length.GreaterThan(30));
        Assert.That(options, Is.SubsetOf(train));
    }

    [Test]
    public void PackageVersions_OfEveryDocument_AreThoseOfTheRepository()
    {
        var versions = XDocument.Parse(SourceTree.Read("Directory.Packages.props")).Descendants("PackageVersion").ToDictionary(element => element.Attribute("Include")!.Value, element => element.Attribute("Version")!.Value); // both are required
        var named = MarkdownFile.All().SelectMany(document => PackageVersion().Matches(document.Text).Select(match => (document.Path, Name: match.Groups[1].Value, Version: match.Groups[2].Value))).ToArray();
        Assert.That(named, Has.Length.GreaterThanOrEqualTo(5));
        using (Assert.EnterMultipleScope())
        {
            foreach (var (path, name, version) in named)
                Assert.That(version, Is.EqualTo(versions[name]), $"{path}: {name}");
        }
    }

    private static IEnumerable<string> TrainingCommands(MarkdownFile document) => document.Blocks.Where(block => block.Language == "sh")
        .SelectMany(block => block.Content.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        .Select(line => TrainingCommand().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value);

    // Quotes of the shell hold a word together; a sign of the shell ends the command.
    private static string[] Words(string command) => [.. Word().Matches(command).Select(match => match.Value).TakeWhile(word => !ShellSigns.Any(sign => word.StartsWith(sign, StringComparison.Ordinal)))
        .Select(word => word.Replace("\"", "", StringComparison.Ordinal).Replace("'", "", StringComparison.Ordinal))];

    [GeneratedRegex(@"dotnet run --project T5GemmaSharp\.Training\b.*? -- (.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex TrainingCommand();

    [GeneratedRegex("""(?:"[^"]*"|'[^']*'|[^\s"'])+""", RegexOptions.CultureInvariant)]
    private static partial Regex Word();

    [GeneratedRegex("""(?:add package |<PackageReference Include=")([\w.-]+)(?: --version |" Version=")([\w.]+)""", RegexOptions.CultureInvariant)]
    private static partial Regex PackageVersion();

    [GeneratedRegex(@"\bscripts/[\w/.-]+\.(?:cs|py|sh|mjs|json)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Script();
}
