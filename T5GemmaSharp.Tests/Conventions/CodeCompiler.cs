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

    private const string WebUsings = "using Microsoft.AspNetCore.Builder; using Microsoft.AspNetCore.Http; using Microsoft.Extensions.DependencyInjection;";

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
    public static IReadOnlyList<string> Faults(string code) =>
        [.. Compile(code).GetDiagnostics().Where(fault => fault.Severity >= DiagnosticSeverity.Warning).Select(fault => fault.ToString())];

    /// <summary>Runs a program in this process.</summary>
    /// <returns>Its exit code.</returns>
    public static int Run(string code, params string[] arguments)
    {
        using var assembly = new MemoryStream();
        var result = Compile(code).Emit(assembly);
        Assert.That(result.Success, Is.True, string.Join('\n', result.Diagnostics));
        return (int)Assembly.Load(assembly.ToArray()).EntryPoint!.Invoke(null, [arguments])!; // a program has an entry point; this one returns a number
    }

    /// <summary>The code of a script. Its lines for the build of a file-based program mean nothing to a compiler alone; that of the web SDK stands for more usings.</summary>
    public static string ReadScript(string path) => string.Join('\n', File.ReadLines(path).Select(line => line == WebSdk ? WebUsings : line.StartsWith("#:", StringComparison.Ordinal) ? "" : line));

    private static CSharpCompilation Compile(string code)
    {
        var trees = new[] { ImplicitUsings, code }.Select(text => CSharpSyntaxTree.ParseText(text));
        return CSharpCompilation.Create("Documented", trees, References.Value, new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
    }
}
