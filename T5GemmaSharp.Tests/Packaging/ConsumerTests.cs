using System.Text.RegularExpressions;
using NUnit.Framework;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Packaging;

/// <summary>A new console program in an empty folder uses the package, by the commands and the code that the package's readme shows.</summary>
[Platform(Include = "Linux")] // the commands name this system's libtorch
public sealed partial class ConsumerTests
{
    private readonly Dictionary<string, string?> _environment = new()
    {
        ["TorchBackend"] = null,
        [TorchNative.FolderVariable] = null,
        ["CreateSymbolicLinksForCopyLocalIfPossible"] = "true", // half a gigabyte less to write
    };

    private PackedLibrary _packed = null!;
    private DirectoryInfo _folder = null!;

    [OneTimeSetUp]
    public void CreateProgram()
    {
        _packed = new PackedLibrary();
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        if (!Directory.Exists(Path.Combine(cache, "libtorch-cpu-linux-x64")))
            Assert.Ignore($"'{cache}' has no libtorch: this repository was built without one");
        _folder = Directory.CreateTempSubdirectory("t5gemma-consumer-");
        // The package comes from its folder, all others from the packages that this repository was restored with: nothing is downloaded.
        _environment["NUGET_PACKAGES"] = Path.Combine(_folder.FullName, "packages");
        File.WriteAllText(Path.Combine(_folder.FullName, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{_packed.Folder}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="cache" value="{cache}" /></fallbackPackageFolders>
            </configuration>
            """);
        Succeeds("new", "console", "-o", "hello");
    }

    [OneTimeTearDown]
    public void Delete()
    {
        _packed?.Dispose(); // null where packing was skipped
        _folder?.Delete(recursive: true);
    }

    [Test]
    public void NewProgram_WithTheReadmesCommands_AnswersAText()
    {
        var readme = _packed.Read("README.md");
        var commands = AddPackage().Matches(readme).Select(match => match.Groups[1].Value.Split(' ')).ToArray();
        Assert.That(commands, Has.Length.EqualTo(2), "the library, and libtorch");
        File.WriteAllText(Path.Combine(Program, "Program.cs"), Code().Match(readme).Groups[1].Value);

        Succeeds(commands[0]);
        var (exitCode, output) = Dotnet("build", "--nologo");
        Assert.That(exitCode, Is.Not.Zero, output);
        Assert.That(output, Does.Contain("error T5G003").And.Contain("dotnet " + string.Join(' ', commands[1])), "the build says what is missing");

        Succeeds(commands[1]);
        Assert.That(Succeeds("run", "--", Path.Combine(SourceTree.Root(), "weights", "g2p"), "interlinked"), Does.Contain("IH N T ER L IH NG K T"));

        (exitCode, output) = Dotnet("build", "--nologo", "-p:TorchBackend=cuda");
        Assert.That(exitCode, Is.Not.Zero, output);
        Assert.That(output, Does.Contain("error T5G004").And.Contain("TorchSharp-cuda-linux"));

        // The loading of libtorch is prepared before the first line, whatever that is.
        File.WriteAllText(Path.Combine(Program, "Program.cs"), "System.Console.WriteLine(TorchSharp.torch.ones(3).sum().item<float>() + typeof(TorchNativeInitializer).Name);");
        Assert.That(Succeeds("run"), Does.Contain("3TorchNativeInitializer"));
    }

    private string Program => Path.Combine(_folder.FullName, "hello");

    private string Succeeds(params string[] arguments)
    {
        var (exitCode, output) = Dotnet(arguments);
        Assert.That(exitCode, Is.Zero, $"dotnet {string.Join(' ', arguments)}\n{output}");
        return output;
    }

    private (int ExitCode, string Output) Dotnet(params string[] arguments) =>
        DotnetCommand.Run(Directory.Exists(Program) ? Program : _folder.FullName, arguments, _environment);

    [GeneratedRegex("^dotnet (add package .+)$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex AddPackage();

    [GeneratedRegex("^```csharp\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Code();
}
