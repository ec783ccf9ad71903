using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Conventions;

/// <summary>Compiles programs of documents and scripts, with what these tests refer to.</summary>
internal static class CodeCompiler
{
    // What a new console project has (ImplicitUsings).
    private const string ImplicitUsings = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    private const string WebSdk = "#:sdk Microsoft.NET.Sdk.Web";

    private const string Include = "#:include ";

    private const string WebUsings = "global using System.Net.Http.Json; global using Microsoft.AspNetCore.Builder; global using Microsoft.AspNetCore.Hosting; global using Microsoft.AspNetCore.Http; global using Microsoft.AspNetCore.Routing; global using Microsoft.Extensions.Configuration; global using Microsoft.Extensions.DependencyInjection; global using Microsoft.Extensions.Hosting; global using Microsoft.Extensions.Logging;";

    // Read once for all compilations.
    private static readonly Lazy<MetadataReference[]> References = new(() => [.. Assemblies().DistinctBy(Path.GetFileName).Select(path => MetadataReference.CreateFromFile(path))]);

    /// <summary>Whether programs of the web SDK can be compiled: ASP.NET's runtime is here.</summary>
    public static bool KnowsAspNet => Directory.Exists(AspNetFolder);

    private static string AspNetFolder => RuntimeEnvironment.GetRuntimeDirectory().Replace("Microsoft.NETCore.App", "Microsoft.AspNetCore.App", StringComparison.Ordinal);

    // Of this process, and of ASP.NET, which this process does not load.
    private static IEnumerable<string> Assemblies() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator) // the runtime sets it
            .Concat(KnowsAspNet ? Directory.EnumerateFiles(AspNetFolder, "Microsoft.*.dll") : []);

    /// <summary>Errors and warnings of a program.</summary>
    public static IReadOnlyList<string> Faults(params string[] sources) =>
        [.. Compile(sources).GetDiagnostics().Where(fault => fault.Severity >= DiagnosticSeverity.Warning).Select(fault => fault.ToString())];

    /// <summary>Runs a program in this process.</summary>
    /// <returns>Its exit code.</returns>
    public static int Run(string[] sources, params string[] arguments)
    {
        using var assembly = new MemoryStream();
        var result = Compile(sources).Emit(assembly);
        Assert.That(result.Success, Is.True, string.Join('\n', result.Diagnostics));
        return (int)Assembly.Load(assembly.ToArray()).EntryPoint!.Invoke(null, [arguments])!; // a program has an entry point; this one returns a number
    }

    /// <summary>The code of a script and of the files that it includes. Its lines for the build of a file-based program mean nothing to a compiler alone; that of the web SDK stands for more usings.</summary>
    public static string[] ReadScript(string path)
    {
        var lines = File.ReadAllLines(path);
        var code = string.Join('\n', lines.Select(line => line.StartsWith("#:", StringComparison.Ordinal) || line.StartsWith("#!", StringComparison.Ordinal) ? "" : line));
        return [code, .. lines.Contains(WebSdk) ? new[] { WebUsings } : [], .. Included(path).Select(File.ReadAllText)];
    }

    /// <summary>The files that a script includes.</summary>
    public static IEnumerable<string> Included(string path) => File.ReadLines(path).Where(line => line.StartsWith(Include, StringComparison.Ordinal))
        .SelectMany(line => Directory.EnumerateFiles(Path.GetDirectoryName(path)!, line[Include.Length..])); // a file lies in a folder

    private static CSharpCompilation Compile(IEnumerable<string> sources)
    {
        var trees = sources.Prepend(ImplicitUsings).Select(text => CSharpSyntaxTree.ParseText(text));
        return CSharpCompilation.Create("Documented", trees, References.Value, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
    }
}
